"""Claims: the same whatever the order, the latest of one source, the most careful of several."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermand.core.claims import (
    Claims,
    Difference,
    Voice,
    differences,
    from_text,
    hear,
    settled,
    to_text,
    together,
)
from countermand.core.devices import Enrollment, Identity, IdentityKind, Ownership, Platform, one_device, plausible
from countermand.core.instants import DAY
from countermand.core.mentions import Mention

NAME = (Identity(IdentityKind.SERIAL, "F1X"),)


def optional(*values: object) -> st.SearchStrategy[object]:
    return st.sampled_from([None, *values])


EVENTS = st.builds(
    Mention,
    st.just(NAME),
    platform=optional(*Platform),
    login=optional("", "alice", "bob"),
    model=optional("iPhone", "iPhone14,7"),
    ownership=optional(*Ownership),
    enrollment=optional(*Enrollment),
    reads_mail=optional(True, False),
    enrolled=st.booleans(),
    seen_at=st.integers(1, 6),
    managed=optional(Enrollment.DEVICE, Enrollment.USER),
    said_at=st.integers(1, 6),
)


def heard(mentions: Sequence[Mention], voice: Voice = Voice.MANAGER) -> Claims | None:
    found = None
    for mention in mentions:
        found = hear(found, mention, voice, 0)
    return found


@given(mentions=st.lists(EVENTS, min_size=1, max_size=6), data=st.data())
def test_what_events_say_does_not_depend_on_the_order_in_which_they_come(mentions: list[Mention], data: st.DataObject) -> None:
    one, other = heard(mentions), heard(data.draw(st.permutations(mentions)))
    assert one is not None
    assert other is not None
    assert one.said == other.said
    assert heard([*mentions, *mentions]).said == one.said  # type: ignore[union-attr]
    assert from_text(to_text(one), one.since, one.until) == one


@given(first=st.lists(EVENTS, min_size=1, max_size=4), second=st.lists(EVENTS, min_size=1, max_size=4))
def test_two_devices_that_are_one_say_what_one_would_have_said(first: list[Mention], second: list[Mention]) -> None:
    one, other, both = heard(first), heard(second), heard([*first, *second])
    assert one is not None
    assert other is not None
    assert both is not None
    assert together(one, other).said == together(other, one).said == both.said
    assert together(one, other).here == (one.here or other.here)


@given(sources=st.dictionaries(st.sampled_from("abc"), st.lists(EVENTS, min_size=1, max_size=3), min_size=1), data=st.data())
def test_what_counts_does_not_depend_on_which_source_was_heard_first(
    sources: dict[str, list[Mention]], data: st.DataObject
) -> None:
    voices = {"a": Voice.FILE, "b": Voice.MANAGER, "c": Voice.MAIL}
    order = data.draw(st.permutations(sorted(sources)))
    one = {name: heard(sources[name], voices[name]) for name in sorted(sources)}
    other = {name: heard(sources[name], voices[name]) for name in order}
    assert settled(one) == settled(other)  # type: ignore[arg-type]
    assert list(differences(one)) == list(differences(other))  # type: ignore[arg-type]


def says(voice: Voice, at: int = 1, *, here: bool = True, **words: str) -> Claims:
    return Claims(voice, 0, None if here else at, {name: (word, at) for name, word in words.items()}, seen=at)


def test_of_a_set_what_it_says_now_counts_whenever_the_device_was_seen() -> None:
    first = hear(None, Mention(NAME, login="alice", enrolled=True, seen_at=2), Voice.FILE, 10)
    assert hear(first, Mention(NAME, login="", enrolled=True, seen_at=1), Voice.FILE, 10).said["login"] == ("", 10)
    again = hear(first, Mention(NAME, login="alice", enrolled=True, seen_at=3), Voice.FILE, 20)
    assert again == first, "nothing is written anew for what was said before"
    assert hear(first, Mention(NAME, enrolled=True, seen_at=3 * DAY), Voice.FILE, 20).seen == 3


def test_the_latest_of_one_source_counts_and_of_several_the_one_that_knows_best() -> None:
    first = Mention(NAME, login="alice", enrolled=True, seen_at=2, said_at=2)
    late = Mention(NAME, login="bob", enrolled=True, seen_at=1, said_at=1)
    assert heard([first, late]).said["login"] == ("alice", 2)  # type: ignore[union-attr]
    equals = {"one": says(Voice.MANAGER, 1, login="alice"), "other": says(Voice.MANAGER, 2, login="bob")}
    assert settled(equals).logins == ("bob", "alice"), "whoever saw it last"
    several = {
        "file": says(Voice.FILE, 9, login="carol", model="an iPhone"),
        "mdm": says(Voice.MANAGER, 1, login="alice", model="iPhone14,7", enrollment="user"),
        "mail": says(Voice.MAIL, 5, login="bob", model="iPhone14C7", enrollment="eas"),
    }
    counts = settled(several)
    assert counts.logins == ("bob", "alice", "carol")
    assert (counts.model, counts.enrollment) == ("iPhone14,7", Enrollment.USER)
    assert [one.fact for one in differences(several)] == ["login"]


def test_whoever_the_device_left_counts_only_where_nobody_else_speaks() -> None:
    several = {
        "old": says(Voice.MANAGER, 9, here=False, ownership="personal", login="alice", enrollment="supervised"),
        "new": says(Voice.MANAGER, 1, ownership="corporate", enrollment="device"),
    }
    counts = settled(several)
    assert (counts.ownership, counts.enrollment, counts.logins) == (Ownership.CORPORATE, Enrollment.DEVICE, ("alice",))
    assert list(differences(several)) == []


@pytest.mark.parametrize(
    ("said", "counts"),
    [(("corporate", "personal"), "personal"), (("corporate", "contractor"), "contractor"), (("corporate",), "corporate")],
)
def test_it_is_the_companys_only_if_nobody_says_otherwise(said: tuple[str, ...], counts: str) -> None:
    several = {f"mdm{number}": says(Voice.MANAGER, number, ownership=word) for number, word in enumerate(said)}
    assert settled(several).ownership == counts
    shown = [Difference("ownership", tuple((f"mdm{n}", word) for n, word in enumerate(said)), counts)] if len(said) > 1 else []
    assert list(differences(several)) == shown


def test_somebodys_goes_before_nobodys_and_mail_is_read_if_anybody_says_so() -> None:
    several = {
        "mdm": says(Voice.MANAGER, 2, login="", reads_mail="no"),
        "file": says(Voice.FILE, 1, login="al", reads_mail="yes"),
    }
    assert (settled(several).logins, settled(several).reads_mail) == (("al", ""), True)
    assert settled({}).reads_mail is None


@pytest.mark.parametrize("value", ["", " ", "0", "00000", "Unknown", "N/A", "To Be Filled By O.E.M.", "Default string", "x"])
def test_a_filler_is_no_serial_number(value: str) -> None:
    assert not plausible(Identity(IdentityKind.SERIAL, value))


def test_what_cannot_be_one_phone() -> None:
    serial, other = Identity(IdentityKind.SERIAL, "F1X"), Identity(IdentityKind.SERIAL, "F2X")
    eas = [Identity(IdentityKind.EAS, f"E{number}") for number in range(9)]
    assert one_device([serial, eas[0]], [serial, eas[1]])
    assert not one_device([serial], [other])
    assert one_device(eas[:8])
    assert not one_device(eas)
    assert plausible(Identity(IdentityKind.UDID, "00008110-000A"))
    assert not plausible(Identity(IdentityKind.ENTRA, "00000000-0000-0000-0000-000000000000"))
