"""Whom a proxy's header names: introspections and subjects of certificates, and everything that names nobody."""

import base64
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from countermand.core.errors import Refused
from countermand.core.instants import HOUR
from countermand.gates import config
from countermand.gates.app import Gate
from countermand.gates.config import GateConfig
from countermand.gates.configure import gate_file
from countermand.gates.held import Held
from countermand.gates.http import Request
from countermand.gates.log import Log
from countermand.gates.logins import Form, attribute, introspected, reader
from countermand.gates.subject import subject
from countermand.snapshot.read import Snapshot
from countermand.snapshot.write import Entry
from gate_plane import DUE, ROOT, SECRET, Plane, basic, standing

# Control characters and what is no text at all stand in no certificate that an authority would issue.
names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)


@given(names, names, names)
def test_a_subject_is_read_as_the_standard_writes_it(login: str, common: str, organisation: str) -> None:
    made = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
            x509.NameAttribute(NameOID.USER_ID, login),
        ]
    ).rfc4514_string()
    assert attribute(made, "uid") == login


@pytest.mark.parametrize(
    ("subject_name", "login"),
    [
        ("UID=alice,CN=phone1,O=example", "alice"),
        ("CN=phone1+UID=alice,O=example", "alice"),
        ("emailAddress=a@example.org,UID=alice", "alice"),
        (r"UID=EXAMPLE\5CAlice,O=x", "alice"),
        (r"UID=EXAMPLE\\Alice,O=x", "alice"),
        (r"UID=\C3\84nne,O=x", "änne"),
        (r"O=Example\, Inc.,UID=alice", "alice"),
        # One certificate, two people: nobody. And what looks like an attribute inside of a value is none.
        ("UID=alice,UID=bob", ""),
        (r"CN=x\,UID=bob,UID=alice", "alice"),
        (r"CN=x\,UID=bob", ""),
        ('CN="x,UID=bob"', ""),
        (r"UID=\C3,O=x", ""),
        ("UID=#0c05616c696365", ""),
        ("", ""),
        ("alice", ""),
        ("=alice", ""),
        ("/O=example/UID=alice", ""),
    ],
)
def test_subjects(subject_name: str, login: str) -> None:
    assert reader(Form.SUBJECT, "")(subject_name.encode()) == login


def test_another_attribute_may_name_the_login() -> None:
    assert reader(Form.SUBJECT, "emailAddress")(b"CN=A,emailAddress=Alice@Example.org") == "alice@example.org"
    assert attribute("1.2.840.113549.1.9.1=a@x.org,CN=b", "1.2.840.113549.1.9.1") == "a@x.org"


@pytest.mark.parametrize(
    ("found", "login"),
    [
        ({"active": True, "username": "EXAMPLE\\Alice"}, "alice"),
        ({"username": "alice", "exp": 1}, "alice"),
        ({"active": False, "username": "alice"}, ""),
        ({"active": "true", "username": "alice"}, ""),
        ({"active": True, "sub": "alice"}, ""),
        ({"active": True, "username": ["alice"]}, ""),
        ({"active": True, "username": None}, ""),
        ([{"active": True, "username": "alice"}], ""),
    ],
)
def test_introspections(found: object, login: str) -> None:
    text = json.dumps(found).encode()
    read = reader(Form.INTROSPECTION, "")
    assert read(text) == login
    for coded in (base64.urlsafe_b64encode(text), base64.urlsafe_b64encode(text).rstrip(b"="), base64.b64encode(text)):
        assert read(coded) == login


@given(st.binary(max_size=60))
def test_no_header_breaks_a_reader(value: bytes) -> None:
    for form in Form:
        found = reader(form, "")(value)
        assert isinstance(found, str)


def test_deep_nesting_is_nobody() -> None:
    assert introspected('{"username":' + "[" * 100_000, "username") == ""


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    folder = tmp_path
    settings = GateConfig("door", "", "", folder, folder, folder, folder, login_header="x-who", login_form="subject")
    gate = Gate(settings, lambda: DUE + HOUR, lambda: 0, Log(io.StringIO()))
    path = Plane(time=DUE + HOUR).snapshot(
        folder / "s",
        devices={("alice", "eas", "BAD1"): 0, ("bob", "eas", "BAD1"): 1},
        people={"alice": 0, "bob": 1},
        standings=[standing()],
        denials=[Entry("no-tiktok", 0, DUE, BitMap([0]))],
    )
    gate.held = Held(Snapshot(path, ROOT.public), ROOT.public, SECRET, DUE + HOUR, 0)
    return gate


def decided(gate: Gate, who: str, authorization: str = "") -> int:
    headers = {b"x-who": who.encode(), b"authorization": authorization.encode(), b"x-original-uri": b"/?DeviceId=BAD1&x="}
    return gate.answer(Request(b"/decide", headers)).status


def test_whichever_of_two_logins_is_denied_denies(gate: Gate) -> None:
    """Which of them the mail server believes is its own business."""
    assert decided(gate, "UID=alice") == 403
    assert decided(gate, "UID=bob") == 204
    assert decided(gate, "UID=alice", basic("bob")) == 403
    assert decided(gate, "UID=bob", basic("alice")) == 403
    assert decided(gate, "UID=bob", basic("bob")) == 204
    assert decided(gate, "", basic("bob")) == 204
    assert decided(gate, "", basic("alice")) == 403
    plain = Gate(replace(gate.config, login_header="", login_form="name"), gate.now, gate.steady, gate.log)
    plain.held = gate.held
    assert decided(plain, "UID=alice", basic("bob")) == 204, "a header that nobody said is to be trusted is not read"


def test_one_login_is_not_asked_about_twice() -> None:
    assert subject(basic("Alice").encode(), b"/", trusted="alice").also == ""


def test_settings_that_say_nothing_are_refused(tmp_path: Path) -> None:
    values = {"name": "d", "listen": "127.0.0.1:1", "control": "http://127.0.0.1:2", "token_file": "t", "root_key_file": "r"}
    values |= {"secret_file": "s", "state_dir": "d"}

    def loaded(**more: str) -> GateConfig:
        (tmp_path / "gate.toml").write_text(gate_file(values | more))
        return config.load(tmp_path / "gate.toml")

    assert loaded(login_form="subject").login_header == "x-client-subject"
    assert loaded(login_form="introspection", login_header="x-token").login_claim == ""
    for more in (
        {"login_form": "introspection"},
        {"login_claim": "upn", "login_header": "x"},
        {"login_form": "saml", "login_header": "x"},
    ):
        with pytest.raises(Refused, match="login"):
            loaded(**more)
