"""One password a device: issued once, ended by the next, in nobody else's mailbox, and told to gates by its digest."""

import hashlib

import house
import pytest

from countermand.access import Role
from countermand.config import Database
from countermand.core.errors import Refused
from countermand.flows.attest import device_retire
from countermand.flows.mail_passwords import identity, issue_mail_password, revoke_mail_password
from countermand.reads.mail_passwords import passwd_file
from countermand.store import fleet, models

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def phone(store: Database) -> str:
    house.open_house()
    house.move_in(house.staff(2))
    return "eas:Appl0000"


HELP = house.act("hanna", Role.HELPDESK)


def lines() -> list[str]:
    return passwd_file(house.operator()).splitlines()


def test_it_is_shown_once_and_known_by_its_digest(phone: str) -> None:
    password = issue_mail_password(HELP, phone)
    digest = hashlib.sha256(password.encode()).hexdigest()
    assert len(password.replace("-", "")) == 26
    assert lines() == [f"p00000/{digest}:::::::nopassword user=p00000 device=p00000/{digest}"]
    assert fleet.find([identity("p00000", password)])
    assert models.Dirty.objects.filter(kind="identities", key__contains=digest).exists(), "gates are told"
    kept = "".join(str(list(model.objects.values())) for model in (models.Identity, models.LedgerRow, models.Dirty))
    assert password not in kept


def test_the_next_one_ends_it_and_so_do_revoking_and_retiring(phone: str) -> None:
    first, second = issue_mail_password(HELP, phone), issue_mail_password(HELP, phone)
    assert first != second
    assert [identity("p00000", second).value] == [line.partition(":")[0] for line in lines()]
    assert (revoke_mail_password(HELP, phone), revoke_mail_password(HELP, phone)) == (1, 0)
    assert lines() == []
    issue_mail_password(HELP, phone)
    device_retire(house.operator(), phone, "lost")
    assert lines() == []


def test_only_those_who_may(phone: str) -> None:
    with pytest.raises(Refused, match="not-allowed"):
        issue_mail_password(house.author(), phone)
    with pytest.raises(Refused, match="not-allowed"):
        passwd_file(HELP)
    with pytest.raises(Refused, match="not-found"):
        issue_mail_password(HELP, "eas:nobody's")
