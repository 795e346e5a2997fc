"""Texts and messages: nothing that a value holds can leave its place, and every message decodes to the approved text."""

import re
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermand.core.coverage import Grade
from countermand.core.devices import Ownership
from countermand.core.directive import (
    AppliesTo,
    Audience,
    Consequence,
    Directive,
    Due,
    Evidence,
    Exemptions,
    GateRules,
    Rollout,
    Selector,
)
from countermand.core.errors import Refused
from countermand.core.instants import DAY, from_iso
from countermand.core.notices import Kind, Reader
from countermand.notices import compose
from countermand.notices.texts import PERSONAL, clean, rendered_texts

NOW = from_iso("2020-07-10T12:00:00Z")
READER = Reader(
    "ann", "ann@example.org", "Ann", "Europe/Berlin", (("ios", "iPhone 11", None), ("android", "Pixel 4", NOW - 2 * DAY))
)


def directive(**changes: object) -> Directive:
    values: dict[str, object] = {
        "id": "no-tiktok",
        "title": "Remove TikTok",
        "issuer": "Information Security",
        "reason": "Security risks.",
        "prohibits": (Selector(product="TikTok"), Selector(owner="ByteDance", except_=(Selector(product="Lark"),))),
        "conduct": None,
        "applies_to": AppliesTo(),
        "audience": Audience.IN_SCOPE,
        "consequence": Consequence.DENY_MAIL,
        "due": Due(at=datetime.fromisoformat("2020-07-17T17:00")),
        "minimum_notice": 3 * DAY,
        "stages": (),
        "reminders": (),
        "comply_by": frozenset(),
        "evidence": Evidence(7 * DAY, dict.fromkeys(Ownership, Grade.ATTESTED)),
        "exemptions": Exemptions(),
        "rollout": Rollout(),
        "gate": GateRules(DAY),
        "sunset": None,
        "grounds": (),
        "vendor": {},
        "public_text": {},
        "notices": {},
        "source": {},
    }
    return Directive(**{**values, **changes})  # type: ignore[arg-type]


def envelope(**changes: object) -> compose.Envelope:
    values: dict[str, object] = {"message_id": "<m@x>", "original": "", "at": NOW, "due": NOW + 7 * DAY, "code": "ABCDE-FGHIJ"}
    return compose.Envelope(**{**values, **changes})  # type: ignore[arg-type]


def message(kind: Kind, reader: Reader = READER, of: Directive | None = None, **changes: object) -> EmailMessage:
    layout = compose.lay_out(kind, rendered_texts(of or directive())[kind], "security@example.org")
    octets = compose.fill(layout, reader, envelope(**changes), reader.zone)
    return message_from_bytes(octets, policy=policy.default)  # type: ignore[return-value]


def body(found: EmailMessage, of: str = "plain") -> str:
    part = found.get_body((of,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def test_a_notice_says_what_who_when_and_how() -> None:
    text = body(message(Kind.ISSUED))
    for said in (
        "TikTok and apps owned by ByteDance (but not Lark)",
        "Friday, 17 July 2020, 14:00 (Europe/Berlin, UTC+02:00)",
        "2020-07-17 12:00 UTC",
        "iPhone 11 (iPhone or iPad)",
        "Pixel 4 (Android), last seen: Wednesday",
        "Remove App",
        "Uninstall",
        "your help desk",
        "ABCDE-FGHIJ",
    ):
        assert said in " ".join(text.split()), said


@pytest.mark.parametrize("kind", list(Kind))
def test_no_link_no_attachment_and_no_answer_from_machines(kind: Kind) -> None:
    found = message(kind)
    assert not re.search(r"https?:|www\.", body(found))
    assert not re.search(r"(href|src)\s*=", body(found, "html"))
    assert [part.get_content_type() for part in found.iter_parts()] == ["text/plain", "text/html"]
    assert found["Auto-Submitted"] == "auto-generated"
    assert found["X-Countermand-Kind"] == kind
    assert found["Date"] == "Fri, 10 Jul 2020 12:00:00 +0000"
    assert "{" not in body(found)


def test_a_correction_answers_the_original() -> None:
    found = message(Kind.RESCINDED, original="<first@x>", ground="sent-in-error")
    assert found["In-Reply-To"] == found["References"] == "<first@x>"
    assert "It was sent in error." in body(found)
    assert message(Kind.ISSUED)["In-Reply-To"] is None


def test_without_a_due_no_due_is_spoken_of() -> None:
    assert "By when" not in body(message(Kind.ISSUED, of=directive(due=None), due=None))


def test_a_text_of_ones_own_takes_the_place_of_the_default() -> None:
    own = "Dear {name},\n\nplease remove {apps} by {due_local}.\n\nYour code is {code}."
    found = message(Kind.ISSUED, of=directive(notices={"issued": own}))
    assert found["Subject"] == "Remove TikTok"
    assert body(found).startswith("Dear Ann,\n\nplease remove TikTok")


@pytest.mark.parametrize(
    ("own", "code"),
    [
        ("Hello {password}", "notice-placeholder"),
        ("Hello {name.__class__}", "notice-placeholder"),
        ("Hello {{name}}", "notice-placeholder"),
        ("Hello {% if x %}", "notice-placeholder"),
        ("Log in at https://evil.example", "notice-link"),
        ("Log in at WWW.evil.example", "notice-link"),
        ("Subject: {name}\n\nHello", "notice-placeholder"),
        ("long " * 5000, "notice-too-long"),
    ],
)
def test_what_a_text_may_not_have(own: str, code: str) -> None:
    with pytest.raises(Refused) as caught:
        rendered_texts(directive(notices={"issued": own}))
    assert caught.value.code == code


HOSTILE = "x\r\nBcc: all@example.org\r\n\r\n.\r\n\u202eevil\u2066 {code} {name}\x00\x1b[31m"


@pytest.mark.parametrize("field", ["title", "issuer", "reason"])
def test_a_directives_values_stay_in_their_place(field: str) -> None:
    found = message(Kind.ISSUED, of=directive(**{field: HOSTILE}))
    assert found["Bcc"] is None
    assert found.keys() == message(Kind.ISSUED).keys()
    assert not set(body(found)) & set("\x00\x1b\u202e\u2066{}")


def test_a_persons_values_stay_in_their_place() -> None:
    found = message(Kind.ISSUED, Reader("ann", "ann@example.org", HOSTILE, "UTC", (("ios", HOSTILE, None),)))
    assert found["Bcc"] is None
    assert found.keys() == message(Kind.ISSUED).keys()
    assert "Hello x Bcc: all@example.org" in body(found)
    assert not set(body(found)) & set("\x00\x1b\u202e\u2066{}")


@pytest.mark.parametrize(
    "address", ["", "ann", "a b@x", "a@x\r\nRCPT", "<a@x>", "a@x,b@x", "ä@x", "a@b@c", 'a"@x', "a@" + "x" * 300]
)
def test_what_is_no_address(address: str) -> None:
    assert not compose.is_address(address)
    with pytest.raises(Refused, match="address"):
        compose.lay_out(Kind.ISSUED, "Subject: x\n\ny\n", address)


def test_long_values_are_cut_and_many_devices_counted() -> None:
    assert len(clean("x" * 500, 80)) == 80
    reader = Reader("ann", "ann@example.org", "n" * 5000, "UTC", tuple(("ios", f"phone {n}", None) for n in range(500)))
    text = body(message(Kind.ISSUED, reader))
    assert len(text) < 4000
    assert "and 480 more" in text


@given(st.text(max_size=120), st.lists(st.tuples(st.sampled_from(["ios", "android"]), st.text(max_size=90)), max_size=5))
def test_any_name_decodes_to_itself_on_lines_that_fit(name: str, devices: list[tuple[str, str]]) -> None:
    layout = compose.lay_out(Kind.ISSUED, rendered_texts(directive())["issued"], "security@example.org")
    octets = compose.fill(
        layout, Reader("ann", "ann@example.org", name, "UTC", tuple((*one, None) for one in devices)), envelope(), "UTC"
    )
    lines = octets.split(b"\r\n")
    assert all(len(line) <= 76 and line.isascii() and not line.startswith(b".") for line in lines)
    assert octets.count(b"\n") == octets.count(b"\r") == octets.count(b"\r\n")
    text = body(message_from_bytes(octets, policy=policy.default))  # type: ignore[arg-type]
    assert f"Hello {clean(name, 80) or 'ann'},\n" in text


def test_names_are_stable_and_differ_by_everything_they_name() -> None:
    key = b"k" * 32
    base = (1, 2, "issued", "")
    others = [(2, 2, "issued", ""), (1, 3, "issued", ""), (1, 2, "reminder", ""), (1, 2, "issued", "3d")]
    names = [compose.message_id(key, "example.org", name) for name in [base, *others]]
    assert names[0] == compose.message_id(key, "example.org", base)
    assert len(set(names)) == 5
    assert names[0] != compose.message_id(b"x" * 32, "example.org", base)
    assert re.fullmatch(r"<[0-9a-f]{32}@example\.org>", names[0])


def test_what_is_signed_has_personal_slots_only() -> None:
    for text in rendered_texts(directive()).values():
        assert set(re.findall(r"\{([a-z_]+)\}", text)) <= PERSONAL
