"""Lists for others: exact rows, and scripts in which no name of a device or person can become a command."""

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermand.core.devices import Platform
from countermand.core.handover import Item, Thing
from countermand.levers import csv as table
from countermand.levers import exchange
from countermand.levers.exchange import quoted
from countermand.levers.head import Head
from powershell import commands

HEAD = Head("no-tiktok", 3, 1_594_382_400_000, "otto", 1_595_073_600_000)
HOSTILE = [
    "O'Brien",
    "x'; Clear-MobileDevice -Identity y; '",
    "’; Remove-Mailbox a; ’",
    "‘‚‛'",
    "$(Get-Secret)",
    "`\n`",
    '"; exit; "',
    "a}}; evil {{",
    "#> <#",
    "Jürgen",
    "Ò",
    "😀",
    "-WhatIf",
    "%{x}",
]


def device(login: str = "ann", value: str = "ApplF17") -> Item:
    return Item(Thing.DEVICE, login, Platform.IOS, "eas", value)


def evaluated(expression: str) -> str:
    """What PowerShell makes of such an expression: quoted runs and numbered characters, joined."""
    token = re.compile(r"'((?:[^']|'')*)'|\[char\]0x([0-9A-F]{4})")
    body = expression[1:-1] if expression.startswith("(") else expression
    units = b""
    at = 0
    while at < len(body):
        found = token.match(body, at)
        assert found, body[at:]
        plain, number = found.groups()
        units += bytes.fromhex(number) if number else plain.replace("''", "'").encode("utf-16-be")
        at = found.end()
        if at < len(body):
            assert body.startswith(" + ", at)
            at += 3
    return units.decode("utf-16-be", "surrogatepass")


@given(st.text(min_size=1) | st.sampled_from(HOSTILE))
def test_an_expression_stands_for_its_text_and_is_plain_ascii(text: str) -> None:
    made = quoted(text)
    assert made.isascii()
    assert made.isprintable()
    assert evaluated(made) == text


_QUOTED = r"(?:'(?:[^']|'')*'|\((?:'(?:[^']|'')*'|\[char\]0x[0-9A-F]{4}| \+ )+\))"
_STEP = re.compile(
    rf"try \{{ if \((-not \()?Test-Blocked (?P<test>{_QUOTED} {_QUOTED})\)+ \{{ Set-CASMailbox -Identity (?P<who>{_QUOTED}) "
    rf"-ActiveSyncBlockedDeviceIDs @\{{(?P<verb>Add|Remove)=(?P<what>{_QUOTED})\}} -ErrorAction Stop -WhatIf:\$WhatIf \}} \}} "
    r"catch \{ \$failed\+\+; Write-Warning \$_\.Exception\.Message \}"
)


def steps(script: str) -> list[tuple[str, str, str]]:
    """(verb, mailbox, device id) of every line that changes something; each has exactly one shape."""
    found = []
    for line in script.splitlines():
        if "Set-CASMailbox" in line:
            whole = _STEP.fullmatch(line)
            assert whole, line
            assert whole["test"] == f"{whole['who']} {whole['what']}"
            assert ("-not" in line.split("Test-Blocked")[0]) == (whole["verb"] == "Add")
            found.append((whole["verb"], evaluated(whole["who"]), evaluated(whole["what"])))
    return found


def test_a_script_says_each_entry_once_removals_first() -> None:
    script = exchange.render(HEAD, {device(), device("bo", "B")}, {device("cy", "C")})
    assert steps(script) == [("Remove", "cy", "C"), ("Add", "ann", "ApplF17"), ("Add", "bo", "B")]
    assert "directive no-tiktok, receipt 3" in script.splitlines()[0]
    assert "Adds 2 and removes 1" in script
    assert "param([switch] $WhatIf)" in script


@pytest.mark.parametrize("login", HOSTILE)
@pytest.mark.parametrize("value", HOSTILE[:4])
def test_hostile_names_stay_names(login: str, value: str) -> None:
    head = Head("x\n# Remove-Mailbox", 1, 0, "otto\r\nRemove-Mailbox y")
    script = exchange.render(head, {device(login, value)}, set())
    assert script.isascii()
    assert steps(script) == [("Add", login, value)]
    assert commands(script) == ["Get-CASMailbox", "Test-Blocked", "Set-CASMailbox", "Write-Warning", "Write-Warning"]


def test_a_script_never_sets_empties_or_wipes() -> None:
    script = exchange.render(HEAD, {device()}, {device("bo", "B")})
    assert "$null" not in script.lower()
    assert "Clear-" not in script
    assert re.findall(r"-ActiveSyncBlockedDeviceIDs (?!@\{(?:Add|Remove)=)", script) == []
    assert "BlockedDeviceIDs =" not in script


@pytest.mark.parametrize("item", [device(login=""), device(value="")])
def test_an_entry_that_would_name_anybody_is_refused(item: Item) -> None:
    with pytest.raises(ValueError, match="without a mailbox or a device id"):
        exchange.render(HEAD, {item}, set())
    with pytest.raises(ValueError, match="without a mailbox or a device id"):
        exchange.render(HEAD, set(), {item})


def test_a_table_has_one_row_per_entry_and_says_from_when_an_app_counts() -> None:
    app = Item(Thing.APP, "", Platform.IOS, "app", "com.example")
    text = table.render(HEAD, {app, device("=cmd")}, {device("bo", "B")})
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [(row["change"], row["thing"], row["login"], row["value"]) for row in rows] == [
        ("remove", "device", "bo", "B"),
        ("add", "app", "", "com.example"),
        ("add", "device", "'=cmd", "ApplF17"),
    ]
    assert [row["not_before"] for row in rows] == ["", "2020-07-18T12:00:00Z", ""]
    assert {row["receipt"] for row in rows} == {"3"}
