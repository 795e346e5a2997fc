"""The script of a carried lever: a fixed preamble and end, and steps in which no name can become a command."""

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermand.levers import blocked_ids
from countermand.levers.exchange_script import Does, Line, Result, Unreadable, render, results
from fake_exchange import steps
from powershell import Unfit, commands

AT = 1_594_382_400_000
HOSTILE = [
    "O'Brien",
    "x'; Clear-MobileDevice y; '",
    "’; Remove-Mailbox a; ’",
    "$(Get-Secret)",
    '"; exit; "',
    "#> <#",
    "Jürgen",
    "😀",
]

#: What the frame of a script names, before its steps.
FRAME = [
    "Test-Path", "Import-Csv", "ForEach-Object", "Export-Csv", "Get-CASMailbox", "Write-Host", "Write-Result", "Set-CASMailbox",
    "Set-CASMailbox", "Write-Result", "Set-Variable", "Write-Warning", "Write-Result",
]  # fmt: skip


def script(*entries: tuple[str, str], does: Does = Does.ADD, by: str = "otto") -> str:
    keys = [blocked_ids.key(mailbox, device) for mailbox, device in entries]
    return render("exchange", AT, by, [Line(number, does, key) for number, key in enumerate(keys) if key])


@pytest.mark.parametrize("mailbox", HOSTILE)
@pytest.mark.parametrize("device", HOSTILE[:4])
def test_hostile_names_stay_names(mailbox: str, device: str) -> None:
    made = script((mailbox, device), by="otto\r\nRemove-Mailbox y")
    assert commands(made) == [*FRAME, "Step-Entry", "Write-Warning"]
    assert steps(made) == [(0, "add", mailbox, device)]


@given(st.text(min_size=1, max_size=60), st.text(min_size=1, max_size=60))
def test_whatever_a_name_is_it_is_quoted_or_no_entry(mailbox: str, device: str) -> None:
    if blocked_ids.key(mailbox, device) is None:
        return
    made = script((mailbox, device))
    assert commands(made)[len(FRAME) :] == ["Step-Entry", "Write-Warning"]
    assert steps(made) == [(0, "add", mailbox, device)]


def test_all_else_is_the_same_whatever_is_said() -> None:
    """The frame of a script depends on its name, number and count alone."""
    plain, hostile = script(("ann", "A")), script(("x'; evil", "$(evil)"))
    assert [line for line in plain.splitlines() if not line.startswith("Step-Entry")] == [
        line for line in hostile.splitlines() if not line.startswith("Step-Entry")
    ]
    frame = re.sub(r"'[^'\n]*'", "''", "\n".join(line for line in plain.splitlines() if not line.startswith(("#", "Step-Entry"))))
    assert re.findall(r"-ActiveSyncBlockedDeviceIDs (?!@\{(?:Add|Remove)=\$DeviceId\} )", frame) == []
    assert "$null" not in frame.lower()


@pytest.mark.parametrize(
    ("ours", "instead"),
    [
        ("Set-CASMailbox", "Clear-MobileDevice"),
        ("@{Add=$DeviceId}", "@{Add=$(Get-Secret)}"),
        ("-ErrorAction Stop", "-ErrorAction Stop -Force"),
        ("'absent'", '"$(Get-Secret)"'),
        ("'absent'", "'absent"),
        ("exit 1 }", "exit 1"),
        ("'result'", "`n"),
        ("$result = 'added'", "$result = 'added' & cmd"),
        ("$result = 'added'", "$result = 'added' > file"),
        ("catch", "finally"),
        ("Write-Host", "iex"),
        ("[pscustomobject]", "[scriptblock]"),
    ],
)
def test_the_grammar_takes_nothing_that_we_do_not_print(ours: str, instead: str) -> None:
    made = script(("ann", "A")).replace("$_.result", "'result'")
    assert commands(made)
    assert ours in made
    with pytest.raises(Unfit):
        commands(made.replace(ours, instead, 1))


def test_removals_come_first() -> None:
    lines = [Line(1, Does.ADD, "A|ann"), Line(2, Does.REMOVE, "B|bo")]
    assert [does for _, does, _, _ in steps(render("x", AT, "otto", lines))] == ["remove", "add"]


@pytest.mark.parametrize("key", ["|ann", "A|", "", "A"])
def test_an_entry_that_would_name_anybody_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="would name anybody"):
        render("x", AT, "otto", [Line(1, Does.ADD, key)])


@pytest.mark.parametrize(("mailbox", "device"), [("", "A"), ("ann", ""), ("ann", "a|b"), ("a\nb", "A"), ("x" * 260, "A")])
def test_what_can_be_no_entry_has_no_key(mailbox: str, device: str) -> None:
    assert blocked_ids.key(mailbox, device) is None


def test_the_last_word_on_an_entry_holds() -> None:
    text = '\ufeff"script","entry","result"\r\n"5","1","begun"\r\n"5","1","added"\r\n"5","2","failed"\r\n'
    assert results(text) == {(5, 1): Result.ADDED, (5, 2): Result.FAILED}


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(Unreadable):
        results(text)
