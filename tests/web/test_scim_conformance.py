"""The SCIM service against the tester of the scim2 project, over HTTP, completely."""

from pathlib import Path

from scim2_tester import Status, check_server
from scim_house import Client, opened

from countermand.config import Database


def test_everything_that_the_tester_asks(store: Database, tmp_path: Path) -> None:
    with opened(store, tmp_path) as house:
        results = check_server(Client(house))
    passed = {Status.SUCCESS, Status.COMPLIANT, Status.ACCEPTABLE}
    wrong = [f"{one.status.name} {one.title} {one.resource_type}: {one.reason}" for one in results if one.status not in passed]
    assert not wrong, "\n".join(wrong)
    assert len(results) > 60
