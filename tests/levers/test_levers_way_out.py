"""All that levers may ever send, by verb and path: nothing that wipes, deletes, or speaks of more than one thing."""

from pathlib import Path

import pytest

from countermand.levers import entra
from countermand.levers.kinds import KINDS

GUIDE = (Path(__file__).resolve().parents[2] / "docs/levers.md").read_text(encoding="utf-8")
#: Written out, not computed: whoever adds a request reads what is here.
SENT = {
    "entra": {
        ("POST", r"/[0-9A-Za-z.-]{1,64}/oauth2/v2\.0/token"),
        ("GET", "/v1.0/devices"),
        ("POST", r"/v1\.0/\$batch"),
        ("GET", "/v1.0/identity/conditionalAccess/policies"),
        ("POST", "/v1.0/identity/conditionalAccess/policies"),
        ("GET", "/v1.0/identity/conditionalAccess/policies/[0-9A-Za-z.-]{1,64}"),
        ("PATCH", "/v1.0/identity/conditionalAccess/policies/[0-9A-Za-z.-]{1,64}"),
    },
}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_what_is_sent_stands_on_the_list(kind: str) -> None:
    assert {(one.method, one.path) for one in KINDS[kind].requests} == SENT.get(kind, set())


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_nothing_wipes_or_deletes(kind: str) -> None:
    for one in KINDS[kind].requests:
        assert one.method in {"GET", "POST", "PATCH"}
        assert not any(word in one.path.lower() for word in ("wipe", "retire", "delete", "remove", "reset"))


def test_inside_a_batch_stands_one_device_each() -> None:
    assert entra.INSIDE == (
        ("GET", r"/devices\(deviceId='[0-9a-f-]{36}'\)\?\$select=[A-Za-z,]+"),
        ("PATCH", r"/devices\(deviceId='[0-9a-f-]{36}'\)"),
    )


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_guide_names_every_permission_and_setting(kind: str) -> None:
    assert f"--kind {kind}" in GUIDE
    for one in KINDS[kind].requests:
        for permission in one.needs.split(" and "):
            assert permission in GUIDE or permission.startswith("the client's"), permission


@pytest.mark.parametrize(
    ("login", "name", "key"),
    [
        ("", "0000AAAA-0000-4000-8000-00000000000F", "0000aaaa-0000-4000-8000-00000000000f"),
        ("", "not-an-id", None),
        ("", "0000aaaa-0000-4000-8000-00000000000f') or 1", None),
        ("", "", None),
    ],
)
def test_a_name_that_entra_cannot_have_is_no_entry(login: str, name: str, key: str | None) -> None:
    assert KINDS["entra"].key(login, name) == key
