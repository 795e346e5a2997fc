"""The guard rails of an issue, one by one: each stops it alone, and stopping it changes nothing."""

from dataclasses import replace

import house
import pytest

from countermand.access import Role
from countermand.config import Database
from countermand.core.errors import Refused, RefusedMany
from countermand.core.instants import DAY
from countermand.flows.issue import issue
from countermand.flows.propose import propose
from countermand.flows.write import write
from countermand.store import directives, models


@pytest.fixture
def fleet(store: Database) -> house.Fleet:
    house.open_house()
    return house.move_in(house.staff(100, with_app=7))


def stopped_by(act: house.Act, **numbers: int) -> set[str]:
    """The codes with which issuing is refused; it must leave everything as it was."""
    before = models.LedgerRow.objects.count()
    with pytest.raises(RefusedMany) as refused:
        issue(act, house.NAME, **numbers)
    assert models.LedgerRow.objects.count() == before
    assert directives.issued(house.NAME) is None
    assert not models.Notice.objects.exists()
    return {problem.code for problem in refused.value.problems}


def approved_by(*names: str, text: str | None = None, expected: int | None = None) -> None:
    house.proposed(text, expected=expected)
    for name in names:
        house.approved(name)


def test_nothing_stops_what_is_in_order(fleet: house.Fleet) -> None:
    approved_by("petra", "paul")
    assert issue(house.operator(), house.NAME, expected=100).ceiling == 102


def test_too_few_approvals(fleet: house.Fleet) -> None:
    approved_by("petra")
    assert stopped_by(house.operator(), expected=100) == {"too-few-approvals"}


def test_approvals_after_which_the_text_changed_do_not_count(fleet: house.Fleet) -> None:
    approved_by("petra", "paul")
    house.proposed(house.document(due="2020-07-20T17:00"))
    assert stopped_by(house.operator(), expected=100) == {"too-few-approvals"}


def test_an_account_that_was_closed_since_does_not_count(fleet: house.Fleet) -> None:
    approved_by("petra", "paul")
    models.Operator.objects.filter(name="paul").update(active=False)
    assert stopped_by(house.operator(), expected=100) == {"too-few-approvals"}


def test_an_approval_by_its_author_does_not_count_however_it_got_there(fleet: house.Fleet) -> None:
    approved_by("petra", "paul")
    models.Approval.objects.filter(operator="paul").update(operator="anna")
    assert stopped_by(house.operator(), expected=100) == {"too-few-approvals"}


def test_short_notice_needs_one_more(fleet: house.Fleet) -> None:
    approved_by("petra", "paul", text=house.document(notice="24h"))
    assert stopped_by(house.operator(), expected=100) == {"too-few-approvals"}
    models.Operator.objects.filter(name="otto").update(roles="approver operator")
    house.approved("otto")
    assert issue(house.operator(), house.NAME, expected=100).number == 1


def test_nobody_said_how_many_are_expected(fleet: house.Fleet) -> None:
    approved_by("petra", "paul")
    assert stopped_by(house.operator()) == {"expected-people-missing"}


@pytest.mark.parametrize("expected", [0, 97, 104, 1000])
def test_the_number_from_another_source_differs(fleet: house.Fleet, expected: int) -> None:
    approved_by("petra", "paul")
    assert stopped_by(house.operator(), expected=expected) == {"expected-people-differ"}


@pytest.mark.parametrize("expected", [99, 100, 102])
def test_the_number_from_another_source_is_near_enough(fleet: house.Fleet, expected: int) -> None:
    approved_by("petra", "paul")
    assert len(issue(house.operator(), house.NAME, expected=expected).audience) == 100


def test_the_number_may_stand_in_the_bundle(fleet: house.Fleet) -> None:
    approved_by("petra", "paul", expected=100)
    assert issue(house.operator(), house.NAME).ceiling == 102


def test_the_signed_number_bounds_the_one_typed_at_issue(fleet: house.Fleet) -> None:
    approved_by("petra", "paul", expected=99)
    assert issue(house.operator(), house.NAME, expected=102).ceiling == 100  # 99 and 2 %, rounded down


def test_more_denials_in_an_hour_than_anybody_saw(fleet: house.Fleet) -> None:
    approved_by("petra", "paul")
    assert directives.newest(house.NAME).bundle.find('"peak":7') > 0
    assert stopped_by(house.operator(), expected=100, acknowledged=6) == {"peak-not-acknowledged"}
    assert issue(house.operator(), house.NAME, expected=100, acknowledged=7).peak == 7


def test_its_sunset_has_passed(fleet: house.Fleet) -> None:
    approved_by("petra", "paul", text=house.document(more="sunset: 2020-07-20"))
    assert "already-over" in stopped_by(house.operator(house.NOW + 20 * DAY), expected=100)


def test_one_operator_issues_recommendations_only(fleet: house.Fleet) -> None:
    models.Operator.objects.exclude(name="otto").update(active=False)
    house.proposed()
    assert "one-operator-recommends-only" in stopped_by(house.operator(), expected=100)
    mild = house.document(notice="72h").replace("deny_mail", "report_only").replace("unregistered: allow", "")
    force = "  force: {corporate: recommendation, personal: recommendation, contractor: recommendation}\nconsequence"
    write(house.author(), mild.replace("consequence", force, 1))
    propose(house.author(), house.NAME, rails=house.RAILS)
    assert issue(house.operator(), house.NAME, expected=100).number == 1


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.OPERATOR])
def test_only_an_operator_issues(fleet: house.Fleet, role: Role) -> None:
    approved_by("petra", "paul")
    with pytest.raises(Refused) as refused:
        issue(house.act("otto", role), house.NAME, expected=100)
    assert refused.value.code == "not-allowed"


def test_every_stop_is_told_at_once(fleet: house.Fleet) -> None:
    house.proposed()
    found = stopped_by(house.operator(), acknowledged=0)
    assert found == {"too-few-approvals", "expected-people-missing", "peak-not-acknowledged"}


def test_the_rails_that_were_signed_count_not_those_of_today(fleet: house.Fleet) -> None:
    found = write(house.author(), house.document())
    strict = replace(house.RAILS, approvers=3, tolerance=0.0)
    propose(house.author(), found.lineage, rails=strict)
    house.approved("petra")
    assert house.approved("paul").need == 3
    assert stopped_by(house.operator(), expected=101) == {"too-few-approvals", "expected-people-differ"}


def test_people_outside_the_scope_are_not_counted(store: Database) -> None:
    house.open_house()
    phones = [*house.staff(3), house.Phone("rita"), house.Phone("gus")]
    house.move_in(phones, {"rita": frozenset({"staff", "responders"}), "gus": frozenset()})
    models.Person.objects.filter(login="p00002").update(active=False)
    assert house.proposed().people == 2


def test_affected_means_people_on_whose_device_the_app_was_seen(fleet: house.Fleet) -> None:
    assert house.proposed(house.document(more="audience: affected")).people == 7


# -- what the rows say, against what was signed --


def test_an_approval_that_was_slipped_into_the_rows_does_not_count(fleet: house.Fleet) -> None:
    approved_by("petra")
    forged = models.Approval.objects.get()
    forged.pk, forged.operator, forged.public_key = None, "paul", house.public_key("paul")
    forged.save()
    assert stopped_by(house.operator(), expected=100) == {"too-few-approvals"}


@pytest.mark.parametrize("what", ["document", "bundle", "apps"])
def test_what_would_be_in_force_must_be_what_was_signed(fleet: house.Fleet, what: str) -> None:
    approved_by("petra", "paul")
    row = models.Version.objects.get()
    if what == "document":
        row.document["minimum_notice"] = "1h"
    elif what == "bundle":
        row.bundle = row.bundle.replace('"peak":7', '"peak":9')
    else:
        models.VersionApp.objects.filter(version=row).first().delete()
    row.save()
    with pytest.raises(Refused) as refused:
        issue(house.operator(), house.NAME, expected=100)
    assert refused.value.code == "bundle-changed"


def test_a_product_that_left_the_catalogue_is_shown_and_does_not_stop_what_was_signed(
    fleet: house.Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object) -> None:
        raise Refused("unknown-product", name="TikTok", nearest="none")

    approved_by("petra", "paul")
    monkeypatch.setattr("countermand.core.drift.expand", unknown)
    done = issue(house.operator(), house.NAME, expected=100)
    assert (done.drift.added, done.drift.gone) == (frozenset(), house.bundle_of(done.version).apps)
