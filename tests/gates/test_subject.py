"""Who asks, and from which device: both ActiveSync forms, and everything a client may try with them."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermand.gates.subject import device_ids, login_of, subject
from gate_plane import basic, packed_query


def test_the_specifications_own_examples() -> None:
    assert device_ids(b"jAAJBAp2MTQwRGV2aWNlAApTbWFydFBob25l") == ("v140Device",)
    coded = b"oQkJBBBBcHBsRjE3TFhYWFhEVFdEBFktBOsGaVBob25lCBFhbGljZUBleGFtcGxlLm9yZw=="
    assert device_ids(coded) == ("ApplF17LXXXXDTWD",)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (b"Cmd=Sync&User=a&DeviceId=X1&DeviceType=p", ("X1",)),
        (b"DeviceType=p&DeviceId=X1", ("X1",)),
        (b"DEVICEID=X1", ("X1",)),
        (b"Device%49d=X%31", ("X1",)),
        (b"DeviceId=x1&DeviceId=X1", ("x1", "X1")),
        (b"DeviceId=X1&DeviceId=X1", ("X1",)),
        (b"DeviceId=", ()),
        (b"DeviceId", ()),
        (b"Cmd=Sync", ()),
        (b"DeviceId=" + b"x" * 129, ()),
        (b"", ()),
        (b"=", ()),
        (b"AAAA", ()),
        (b"!!!!", ()),
    ],
)
def test_forms(query: bytes, found: tuple[str, ...]) -> None:
    assert device_ids(query) == found


def test_a_binary_id_is_written_in_hex() -> None:
    assert device_ids(packed_query(bytes(range(16))).encode()) == (bytes(range(16)).hex(),)


def test_a_length_beyond_the_end_is_no_id() -> None:
    fields = b"\x8c\x00\x09\x04\x40short"
    assert device_ids(base64.b64encode(fields)) == ()
    assert device_ids(base64.b64encode(b"\x8c\x00\x09\x04\x00rest")) == ()
    assert device_ids(base64.b64encode(b"\x63\x00\x09\x04\x04ABCD")) == (), "no version of the protocol"


@pytest.mark.parametrize(
    "coded", [lambda b: b.rstrip(b"="), lambda b: b.replace(b"=", b"%3D"), lambda b: b.replace(b"/", b"%2F")]
)
def test_padding_and_escapes_do_not_hide_a_device(coded: object) -> None:
    query = packed_query(b"ABCDEFGH\xff\xfe?").encode()
    assert device_ids(coded(query)) == (b"ABCDEFGH\xff\xfe?".hex(),)  # type: ignore[operator]


@given(st.text(st.characters(codec="ascii", categories=["Lu", "Ll", "Nd"]), min_size=1, max_size=32))
def test_both_forms_name_the_same_device(device: str) -> None:
    assert device_ids(packed_query(device.encode(), login="mallory").encode()) == (device,)
    assert device_ids(f"Cmd=Sync&DeviceId={device}&User=mallory".encode()) == (device,)


@given(st.binary(max_size=200))
def test_no_query_breaks_it(query: bytes) -> None:
    assert all(0 < len(found) <= 510 for found in device_ids(query))
    assert all(device_ids(base64.b64encode(query)) for _ in range(0))


@pytest.mark.parametrize(
    ("authorization", "login"),
    [
        (basic("alice"), "alice"),
        (basic("EXAMPLE\\Alice"), "alice"),
        (basic("Alice@Example.org"), "alice@example.org"),
        (basic("alice", "pass:word"), "alice"),
        (basic("alice").replace("Basic", "bAsIc"), "alice"),
        (basic("alice").replace("Basic ", "Basic  "), "alice"),
        (basic("alice").rstrip("="), "alice"),
        (basic("søren"), "søren"),
        ("Basic " + base64.b64encode("søren:x".encode("latin-1")).decode(), "søren"),
        ("Basic " + base64.b64encode(b"no colon").decode(), ""),
        ("Bearer " + base64.b64encode(b"alice:x").decode(), ""),
        ("Basic", ""),
        ("Basic !", ""),
        ("", ""),
    ],
)
def test_logins(authorization: str, login: str) -> None:
    assert login_of(authorization.encode("latin-1", "ignore")) == login


@given(st.binary(max_size=100))
def test_no_header_breaks_it(authorization: bytes) -> None:
    assert isinstance(login_of(b"Basic " + authorization), str)
    assert isinstance(login_of(authorization), str)


def test_a_verified_certificate_is_a_name_too() -> None:
    who = subject(basic("alice").encode(), b"/?DeviceId=X1", certificate=b"AB12")
    assert who.names == (("eas", "X1"), ("cert", "ab12"))


def test_a_login_that_the_front_end_authenticated_counts_before_any_other() -> None:
    assert subject(basic("mallory").encode(), b"/?DeviceId=X1", trusted="alice").login == "alice"
