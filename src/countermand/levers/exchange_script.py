"""Exchange's blocked device ids by a script that an administrator runs, and the results that it brings back: the supported way.

INVARIANT: ids are added to and removed from a list one by one, after a look whether they are there; nothing here sets a list,
empties one or wipes a device. The script is ASCII throughout (see levers.exchange), and so are its results: numbers and
words of ours, no names.
"""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from countermand.core.devices import IdentityKind
from countermand.core.instants import Instant, iso
from countermand.core.lever import Quota
from countermand.levers import blocked_ids
from countermand.levers.exchange import comment, quoted
from countermand.levers.lever import Kind


class Does(StrEnum):
    ADD = "add"
    REMOVE = "remove"
    SEE = "see"


class Result(StrEnum):
    """What a script says of one entry. ``begun``: it was cut off before it could say."""

    ADDED = "added"
    REMOVED = "removed"
    PRESENT = "present"
    ABSENT = "absent"
    FAILED = "failed"
    BEGUN = "begun"


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of a script, by the number under which its result comes back."""

    entry: int
    does: Does
    key: str


_COLUMNS = ["script", "entry", "result"]
_PREAMBLE = """\
# Run it where Get-CASMailbox works: after Connect-ExchangeOnline, or in the Exchange Management Shell.
# Give the file of results back: countermand lever results {name} FILE
# It can be run again with the same file of results: what is done is passed over. With -WhatIf it only says what it would do.
# It touches the entries below and no others.
param([switch] $WhatIf, [string] $Results = {file})
$script = {number}
$failed = 0
$told = @{{}}
if (Test-Path -LiteralPath $Results) {{
    Import-Csv -LiteralPath $Results | ForEach-Object {{ $told[$_.entry] = $_.result }}
}}

function Write-Result([string] $Entry, [string] $Result) {{
    $row = [pscustomobject] @{{ script = $script; entry = $Entry; result = $Result }}
    $row | Export-Csv -LiteralPath $Results -Append -NoTypeInformation -Encoding ASCII
}}

function Step-Entry([string] $Entry, [string] $Does, [string] $Mailbox, [string] $DeviceId) {{
    if (-not $Mailbox -or -not $DeviceId) {{ throw 'A mailbox or a device id is empty.' }}
    $before = $told[$Entry]
    if ($before -and $before -ne 'begun' -and $before -ne 'failed') {{ return }}
    try {{
        $there = @((Get-CASMailbox -Identity $Mailbox -ErrorAction Stop).ActiveSyncBlockedDeviceIDs) -contains $DeviceId
        if ($Does -eq 'see' -or $WhatIf) {{
            $result = 'absent'
            if ($there) {{ $result = 'present' }}
            if ($WhatIf) {{ Write-Host "$Does $Mailbox ${{DeviceId}}: now $result"; return }}
        }} elseif ($Does -eq 'add' -and $there) {{
            $result = 'present'
            if ($before -eq 'begun') {{ $result = 'added' }}
        }} elseif ($Does -eq 'remove' -and -not $there) {{
            $result = 'absent'
        }} elseif ($Does -eq 'add') {{
            Write-Result $Entry 'begun'
            Set-CASMailbox -Identity $Mailbox -ActiveSyncBlockedDeviceIDs @{{Add=$DeviceId}} -ErrorAction Stop
            $result = 'added'
        }} elseif ($Does -eq 'remove') {{
            Set-CASMailbox -Identity $Mailbox -ActiveSyncBlockedDeviceIDs @{{Remove=$DeviceId}} -ErrorAction Stop
            $result = 'removed'
        }}
        Write-Result $Entry $result
    }} catch {{
        Set-Variable -Name failed -Value ($failed + 1) -Scope Script
        Write-Warning $_.Exception.Message
        if ($before -ne 'begun') {{ Write-Result $Entry 'failed' }}
    }}
}}
"""
_ENDING = """\

if ($failed -gt 0) { Write-Warning "$failed of the steps failed. Run this again."; exit 1 }
"""


def render(name: str, number: Instant, by: str, lines: Iterable[Line]) -> str:
    """The script. ``number``: by which its results say which script they are of. ValueError for an entry that would name
    anybody."""
    ordered = sorted(lines, key=lambda line: (line.does is Does.ADD, line.entry))
    steps = [_step(line) for line in ordered]
    file = quoted(f"countermand-{name}-{number}.csv")
    preamble = _PREAMBLE.format(name=name, file=file, number=number)
    head = comment(f"Countermand, lever {name}, script {number}, made {iso(number)} by {by}: {len(steps)} entries.")
    return "\n".join([head, preamble, *steps, _ENDING])


def _step(line: Line) -> str:
    mailbox, device = blocked_ids.mailbox_and_device(line.key)
    return f"Step-Entry '{line.entry}' '{line.does.value}' {quoted(mailbox)} {quoted(device)}"


class Unreadable(Exception):
    """It is no file of results."""


def results(text: str) -> dict[tuple[Instant, int], Result]:
    """(script, entry) → the last word on it. Unreadable."""
    rows = csv.reader(io.StringIO(text.lstrip("\ufeff"), newline=""))
    if next(rows, None) != _COLUMNS:
        raise Unreadable(f"its columns are not {', '.join(_COLUMNS)}")
    found: dict[tuple[Instant, int], Result] = {}
    for number, row in enumerate(rows, start=2):
        try:
            script, entry, result = row
            found[int(script), int(entry)] = Result(result)
        except ValueError:
            raise Unreadable(f"row {number} is none of ours") from None
    return found


KIND = Kind(
    words="Exchange, online or on premises: blocked device ids of mailboxes, by a script that an administrator runs",
    identity=IdentityKind.EAS,
    key=blocked_ids.key,
    value=blocked_ids.value,
    quota=lambda _: Quota(60, 60_000, said=False),
    undone=f"{blocked_ids.UNDONE}, by a second script",
    misses=blocked_ids.MISSES,
)
