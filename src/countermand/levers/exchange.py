"""A hand-over as a PowerShell script for Exchange Online and Exchange Server: device ids on mailboxes' blocked lists.

INVARIANT: entries are added to and removed from a list one by one; nothing here sets a list, empties one or wipes a
device, so entries that others made stay. The script is ASCII throughout: older shells read files in the system's code
page, in which bytes of other letters could end a quoted text.
"""

from collections.abc import Collection, Iterator

from countermand.core.handover import Item
from countermand.levers.head import Head

_PREAMBLE = """\
# Run it where Get-CASMailbox works: after Connect-ExchangeOnline, or in the Exchange Management Shell.
# It can be run again: what is done already is passed over. With -WhatIf it only says what it would do.
# It touches the entries below and no others. Keep it: the receipt's number is how it is undone.
param([switch] $WhatIf)
$failed = 0

function Test-Blocked([string] $Mailbox, [string] $DeviceId) {
    if (-not $Mailbox -or -not $DeviceId) { throw 'A mailbox or a device id is empty.' }
    return @((Get-CASMailbox -Identity $Mailbox -ErrorAction Stop).ActiveSyncBlockedDeviceIDs) -contains $DeviceId
}
"""
_ENDING = """\

if ($failed -gt 0) { Write-Warning "$failed of the steps failed. Run this again."; exit 1 }
"""


def render(head: Head, added: Collection[Item], removed: Collection[Item]) -> str:
    """The script; removals come first. ValueError for an entry without a mailbox or a device id: it would name anybody."""
    if any(not item.login or not item.value for item in (*added, *removed)):
        raise ValueError("an entry without a mailbox or a device id cannot be handed over")
    mailboxes = len({item.login for item in (*added, *removed)})
    lines = [
        comment(head.words),
        comment(f"Adds {len(added)} and removes {len(removed)} blocked device ids, on {mailboxes} mailboxes."),
        _PREAMBLE,
        *(_step(item, "Remove") for item in sorted(removed)),
        *(_step(item, "Add") for item in sorted(added)),
        _ENDING,
    ]
    return "\n".join(lines)


def _step(item: Item, verb: str) -> str:
    """One entry of one mailbox; a failure is counted, and the next entry has its turn."""
    mailbox, device = quoted(item.login), quoted(item.value)
    test = f"Test-Blocked {mailbox} {device}"
    when = f"(-not ({test}))" if verb == "Add" else f"({test})"
    change = f"Set-CASMailbox -Identity {mailbox} -ActiveSyncBlockedDeviceIDs @{{{verb}={device}}}"
    sure = f"if {when} {{ {change} -ErrorAction Stop -WhatIf:$WhatIf }}"
    return f"try {{ {sure} }} catch {{ $failed++; Write-Warning $_.Exception.Message }}"


def quoted(text: str) -> str:
    """The text as a PowerShell expression in ASCII that stands for it and for nothing else: single quotes are doubled,
    and every other character than printable ASCII is named by its number."""
    if text.isascii() and text.isprintable():
        return _run(text)
    return "(" + " + ".join(["''", *_parts(text)]) + ")"


def _parts(text: str) -> Iterator[str]:
    plain = ""
    for mark in text:
        if mark.isascii() and mark.isprintable():
            plain += mark
            continue
        if plain:
            yield _run(plain)
            plain = ""
        units = mark.encode("utf-16-be", "surrogatepass")
        yield from (f"[char]0x{units[at : at + 2].hex().upper()}" for at in range(0, len(units), 2))
    if plain:
        yield _run(plain)


def _run(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def comment(text: str) -> str:
    """One line: what could end it, or be read differently in another code page, is replaced."""
    return "# " + "".join(mark if mark.isascii() and mark.isprintable() else "?" for mark in text)
