"""Lines for a SIEM: what may stand in an entry cannot break out of its line or its field."""

import json
import re

from hypothesis import given
from hypothesis import strategies as st

from countermand.ledger.entry import Batch, Entry
from countermand.signals import siem
from countermand.signals.event import HIDDEN, Event, event
from countermand.signals.syslog import frame

AT = 1_594_382_400_123


def one(kind: str = "halted", actor: str = "otto", hide: bool = False, **about: object) -> Event:
    return event("example.org", 7, Entry(kind, AT, actor, about, ("ab" * 32,)), hide_actor=hide)


def fields(line: str) -> tuple[list[str], dict[str, str]]:
    """A reader of CEF, by its specification: the head between pipes, then pairs up to the next ``name=``."""
    parts = re.split(r"(?<!\\)(?:\\\\)*\|", line, maxsplit=7)
    pairs = re.findall(r"(\w+)=((?:\\.|[^\\=])*?)(?=\s\w+=|$)", parts[7], re.DOTALL)
    unescaped = {name: re.sub(r"\\(.)", lambda m: {"n": "\n", "r": "\r"}.get(m[1], m[1]), value) for name, value in pairs}
    return parts[:7], unescaped


def test_an_entry_as_ocsf() -> None:
    said = json.loads(siem.ocsf(one("directive-rescinded", directive="no-tiktok")))
    assert (said["class_uid"], said["type_uid"], said["activity_id"]) == (6003, 600303, 3)
    assert said["severity_id"] == 4
    assert said["actor"]["user"]["name"] == "otto"
    assert said["unmapped"]["about"] == {"directive": "no-tiktok"}
    assert said["metadata"]["sequence"] == 7
    assert said["time"] == AT


def test_many_subjects_are_their_count() -> None:
    made = event("example.org", 8, Entry("issued", AT, "otto", {}, (), Batch(300_000, "cd" * 32)))
    assert json.loads(siem.ocsf(made))["unmapped"]["batch"] == {"count": 300_000, "root": "cd" * 32}
    assert fields(siem.cef(made))[1]["cn2"] == "300000"


def test_an_operator_is_not_named_where_nobody_is_to_know() -> None:
    for form in siem.FORMS.values():
        assert "otto" not in form(one(hide=True))
        assert HIDDEN in form(one(hide=True))
    assert event("o", 1, Entry("swept", AT, "system", {}), hide_actor=True).actor == "system"


def test_an_id_is_of_what_happened() -> None:
    def made(**about: object) -> str:
        return event("example.org", 7, Entry("halted", AT, "otto", about)).id

    assert made(directive="a") == made(directive="a")
    assert made(directive="a") != made(directive="b")  # a restored ledger goes on otherwise
    assert "." not in made()


@given(st.text(max_size=60), st.text(max_size=60), st.dictionaries(st.text(max_size=9), st.text(max_size=40), max_size=3))
def test_nothing_breaks_out(kind: str, actor: str, about: dict[str, str]) -> None:
    made = one(kind, actor, told=about)
    for form in siem.FORMS.values():
        assert not set("\r\n") & set(form(made))
    assert json.loads(siem.ocsf(made))["unmapped"]["about"] == {"told": about}
    head, pairs = fields(siem.cef(made))
    assert head[:4] == ["CEF:0", "Countermand", "Countermand", "1"]
    assert json.loads(pairs["cs1"]) == {"told": about}


@given(st.text(max_size=60))
def test_a_message_is_framed_by_its_length(kind: str) -> None:
    made = frame(one(kind), "cef")
    length, _, message = made.partition(b" ")
    assert int(length) == len(message)
    assert message.startswith(b"<110>1 2020-07-10T12:00:00.123Z example.org countermand - ")
    assert re.fullmatch(rb"[!-~]{1,32}", message.split(b" ")[5])
