"""What is said in public of an order, as it stands: the statement, then its correction; and what its vendor answered."""

import house

from countermand.config import Database
from countermand.flows.stop import rescind
from countermand.reads.notices import public_record

SAID = """\
vendor: {contacted: 2020-07-08, statement: "We comply with the law."}
public_text: {issued: "Staff are asked to remove TikTok.", rescinded: "The order was sent in error."}
"""


def test_the_statement_holds_while_the_order_does_and_then_the_correction(store: Database) -> None:
    house.open_house()
    house.move_in(house.staff(3))
    house.proposed(house.document(more=SAID))
    before = public_record(house.NAME)
    assert (before.standing, before.issued) == ("", "Staff are asked to remove TikTok.")
    assert (before.vendor_asked, before.vendor_said) == ("2020-07-08", "We comply with the law.")
    house.issued(3, house.document(more=SAID))
    assert public_record(house.NAME).standing == "Staff are asked to remove TikTok."
    rescind(house.operator(), house.NAME, "sent-in-error")
    assert public_record(house.NAME).standing == "The order was sent in error."


def test_an_order_that_says_nothing_in_public(store: Database) -> None:
    house.open_house()
    house.move_in(house.staff(3))
    house.issued(3)
    found = public_record(house.NAME)
    assert (found.standing, found.correction, found.vendor_asked, found.vendor_said) == ("", "", "", "")
