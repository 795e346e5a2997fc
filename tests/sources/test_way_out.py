"""The way out: which addresses are the internet's, how long a server may make us wait, and what is sealed."""

import pytest

from countermand.lib import outward, sealed
from countermand.lib.addresses import public


@pytest.mark.parametrize(
    "address",
    [
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "127.0.0.1",
        "169.254.169.254",  # where clouds keep a machine's credentials
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "::",
        "fe80::1%eth0",
        "fd00::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:a00:1::",
    ],
)
def test_a_private_address_is_known_in_all_its_clothes(address: str) -> None:
    assert not public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_the_internet_is_open(address: str) -> None:
    assert public(address)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("7", 7), ("0", 0), ("", 2), ("soon", 2), ("-5", 2), ("1e9", 300), ("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("²", 2)],
)
def test_a_server_may_make_us_wait_but_not_for_ever(said: str, seconds: float) -> None:
    assert outward.seconds(said, 2.0) == seconds


def test_what_is_sealed_opens_for_its_purpose_alone() -> None:
    key, other = bytes(32), bytes([1]) * 32
    secret = sealed.seal(key, "source:a", "wörds")
    assert sealed.opened(key, "source:a", secret) == "wörds"
    assert secret != sealed.seal(key, "source:a", "wörds")
    for wrong in ((other, "source:a", secret), (key, "source:b", secret), (key, "source:a", secret[:-1]), (key, "source:a", b"")):
        with pytest.raises(sealed.Unsealed):
            sealed.opened(*wrong)
