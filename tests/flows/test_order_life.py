"""The life of an order: written, proposed, approved, issued, told, halted, resumed, superseded, rescinded."""

import house
import pytest

from countermand.config import Database
from countermand.core.apps import App
from countermand.core.bundle import Bundle, Purpose
from countermand.core.devices import Platform
from countermand.core.errors import Refused, RefusedMany
from countermand.core.instants import DAY, HOUR, from_iso
from countermand.core.lifecycle import State
from countermand.flows.approve import approve
from countermand.flows.issue import issue, resume, supersede
from countermand.flows.propose import propose
from countermand.flows.stop import halt, rescind, withdraw
from countermand.flows.telling import issue_all, rescind_all
from countermand.flows.write import write
from countermand.store import approvals, directives, models, terms

DUE = from_iso("2020-07-18T00:00:00Z")  # 17:00 in Los Angeles


@pytest.fixture
def fleet(store: Database) -> house.Fleet:
    house.open_house()
    return house.move_in(house.staff(20, with_app=5))


def code_of(refused: "pytest.ExceptionInfo[Refused]") -> str:
    return refused.value.code


# -- the whole way --


def test_from_text_to_correction(fleet: house.Fleet) -> None:
    found = house.issued(20)
    assert (found.number, len(found.audience), found.replaced) == (1, 20, None)
    assert issue_all(house.operator(), house.NAME, found.audience).promised == 20
    assert models.Notice.objects.filter(kind="issued", state="promised").count() == 20
    house.told(found.version, fleet, list(fleet.people)[:12], DUE)

    gone = rescind(house.operator(DUE), house.NAME, "sent-in-error")
    assert (gone.lifted, gone.voided, gone.in_flight, gone.corrections) == (5, 8, 0, 12)
    assert rescind_all(house.worker(DUE), house.NAME).promised == 12
    assert terms.lineage(house.NAME) is None
    assert set(models.Notice.objects.filter(kind="rescinded").values_list("person_id", flat=True)) == set(range(12))


def test_every_change_of_state_has_exactly_one_entry(fleet: house.Fleet) -> None:
    found = house.issued(20)
    issue_all(house.operator(), house.NAME, found.audience)
    house.told(found.version, fleet, list(fleet.people), DUE)
    halt(house.operator(), house.NAME)
    rescind(house.operator(), house.NAME, "changed")
    rescind_all(house.worker(), house.NAME)
    expected = ["written", "proposed", "approved", "approved", "issued", "notices-promised", "halted", "rescinded"]
    assert house.ledger_kinds() == [*expected, "corrections-promised"]


def test_gates_hear_of_issue_halt_and_rescission(fleet: house.Fleet) -> None:
    house.issued(20)
    for verb in (lambda: halt(house.operator(), house.NAME), lambda: rescind(house.operator(), house.NAME, "changed")):
        models.Dirty.objects.all().delete()
        verb()
        assert ("lineage", house.NAME) in models.Dirty.objects.values_list("kind", "key")


# -- writing --


def test_an_edit_of_a_proposal_makes_it_a_draft_without_approvals(fleet: house.Fleet) -> None:
    house.proposed()
    house.approved("petra")
    again = write(house.author(), house.document(due="2020-07-20T17:00"))
    assert (again.number, again.voided) == (1, 1)
    row = directives.newest(house.NAME)
    assert (row.state, row.bundle, row.bundle_digest) == (State.DRAFT, "", "")
    assert not models.VersionApp.objects.filter(version=row.pk).exists()
    propose(house.author(), house.NAME, rails=house.RAILS)
    assert house.approved("paul").have == 1


def test_whoever_wrote_any_of_it_is_its_author(fleet: house.Fleet) -> None:
    write(house.act("petra", house.Role.AUTHOR), house.document())
    house.proposed(house.document(due="2020-07-20T17:00"))
    with pytest.raises(Refused) as refused:
        house.approved("petra")
    assert code_of(refused) == "own-work"


def test_a_broken_text_changes_nothing(fleet: house.Fleet) -> None:
    with pytest.raises(RefusedMany):
        write(house.author(), house.document(due="next friday", notice="soon"), "order.yaml")
    assert not models.Lineage.objects.exists()
    assert house.ledger_kinds() == []


def test_a_withdrawn_draft_is_followed_by_another_version(fleet: house.Fleet) -> None:
    house.proposed()
    assert withdraw(house.author(), house.NAME) == 1
    assert write(house.author(), house.document()).number == 2


def test_what_was_rescinded_is_never_written_again(fleet: house.Fleet) -> None:
    house.issued(20)
    rescind(house.operator(), house.NAME, "changed")
    with pytest.raises(Refused) as refused:
        write(house.author(), house.document())
    assert code_of(refused) == "lineage-ended"


def test_an_unknown_directive_is_refused_with_the_nearest(fleet: house.Fleet) -> None:
    house.proposed()
    with pytest.raises(Refused) as refused:
        propose(house.author(), "no-tiktk", rails=house.RAILS)
    assert code_of(refused) == "not-found"
    assert house.NAME in str(refused.value)


# -- approving --


def test_the_bundle_holds_what_was_shown(fleet: house.Fleet) -> None:
    found = house.proposed(expected=20)
    bundle = Bundle.opened(directives.version(found.version).bundle)
    assert bundle.apps == frozenset(found.apps)
    assert App(Platform.IOS, "com.zhiliaoapp.musically") in bundle.apps
    assert (bundle.origin, bundle.version, bundle.audience.expected, bundle.audience.peak) == ("example.org", 1, 20, 5)
    assert {"issued", "rescinded"} <= bundle.texts.keys()
    assert bundle.digest == found.digest


def test_a_token_alone_approves_nothing(fleet: house.Fleet) -> None:
    house.proposed()
    models.Operator.objects.filter(name="petra").update(ssh_key="")
    with pytest.raises(Refused) as refused:
        approve(house.approver("petra"), house.NAME, "")
    assert code_of(refused) == "no-registered-key"
    with pytest.raises(Refused) as refused:
        approve(house.approver("paul"), house.NAME, "")
    assert code_of(refused) == "wrong-signature"
    assert not models.Approval.objects.exists()


def test_another_persons_signature_approves_nothing(fleet: house.Fleet) -> None:
    house.proposed()
    with pytest.raises(Refused) as refused:
        approve(house.approver("paul"), house.NAME, house.signature("petra"))
    assert code_of(refused) == "wrong-signature"


def test_a_signature_for_an_earlier_text_approves_nothing(fleet: house.Fleet) -> None:
    house.proposed()
    old = house.signature("petra")
    house.proposed(house.document(due="2020-07-20T17:00"))
    with pytest.raises(Refused) as refused:
        approve(house.approver("petra"), house.NAME, old)
    assert code_of(refused) == "wrong-signature"


def test_one_person_approves_once(fleet: house.Fleet) -> None:
    house.proposed()
    house.approved("petra")
    with pytest.raises(Refused) as refused:
        house.approved("petra")
    assert code_of(refused) == "approved-already"


def test_a_draft_cannot_be_approved(fleet: house.Fleet) -> None:
    write(house.author(), house.document())
    with pytest.raises(Refused) as refused:
        approve(house.approver("petra"), house.NAME, "anything")
    assert code_of(refused) == "wrong-state"


def test_a_catalogue_change_between_two_approvals_changes_nothing_and_is_shown(
    fleet: house.Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = house.proposed()
    assert not house.approved("petra").drift
    monkeypatch.setattr("countermand.flows.impact.load", house.moved_catalogue)
    second = house.approved("paul")
    assert second.drift.added == {house.ANOTHER_APP}
    assert second.digest == found.digest
    done = issue(house.operator(), house.NAME, expected=20)
    assert done.drift.added == {house.ANOTHER_APP}
    frozen = {app for numbers in directives.apps_of(done.version).values() for app in numbers}
    assert models.App.objects.filter(pk__in=frozen).count() == len(found.apps)
    assert not models.App.objects.filter(app_id=house.ANOTHER_APP.id).exists()


# -- halting and resuming --


def resumable(fleet: house.Fleet) -> int:
    found = house.issued(20)
    issue_all(house.operator(), house.NAME, found.audience)
    house.told(found.version, fleet, list(fleet.people), DUE)
    halt(house.operator(DUE), house.NAME)
    return found.version


def test_a_halt_denies_nobody_and_says_so_twice(fleet: house.Fleet) -> None:
    house.issued(20)
    assert not halt(house.operator(), house.NAME).already
    assert halt(house.author(), house.NAME).already
    assert house.ledger_kinds().count("halted") == 1
    assert terms.live() == ()
    lineage = terms.lineage(house.NAME)
    assert lineage is not None
    assert not lineage.live


def test_resuming_needs_the_approvals_of_an_issue_over_this_halt(fleet: house.Fleet) -> None:
    version = resumable(fleet)
    now = DUE + HOUR
    with pytest.raises(RefusedMany) as refused:
        resume(house.operator(now), house.NAME, expected=20, acknowledged=5)
    assert {problem.code for problem in refused.value.problems} == {"too-few-approvals"}
    house.approved("petra", now=now, purpose=Purpose.RESUME)
    house.approved("paul", now=now, purpose=Purpose.RESUME)
    done = resume(house.operator(now), house.NAME, expected=20, acknowledged=5)
    assert done.not_before == now + 3 * DAY
    lineage = terms.lineage(house.NAME)
    assert lineage is not None
    assert (lineage.live, lineage.not_before) == (True, now + 3 * DAY)

    halt(house.operator(now + HOUR), house.NAME)
    with pytest.raises(RefusedMany):  # approvals of the last resumption end this halt as little
        resume(house.operator(now + HOUR), house.NAME, expected=20, acknowledged=5)
    assert sum(found.purpose is Purpose.RESUME for found in approvals.of_version(version)) == 2


def test_resuming_asks_for_numbers_counted_now(fleet: house.Fleet) -> None:
    resumable(fleet)
    for name in ("petra", "paul"):
        house.approved(name, now=DUE, purpose=Purpose.RESUME)
    with pytest.raises(RefusedMany) as refused:
        resume(house.operator(DUE), house.NAME, expected=10)
    assert code_of(refused) == "expected-people-differ"


def test_what_is_not_halted_is_not_resumed(fleet: house.Fleet) -> None:
    house.issued(20)
    with pytest.raises(Refused) as refused:
        resume(house.operator(), house.NAME, expected=20)
    assert code_of(refused) == "not-halted"


@pytest.mark.parametrize("verb", [lambda act: halt(act, house.NAME), lambda act: rescind(act, house.NAME, "changed")])
def test_what_is_not_issued_is_neither_halted_nor_rescinded(fleet: house.Fleet, verb: "house.Verb") -> None:
    house.proposed()
    with pytest.raises(Refused) as refused:
        verb(house.operator())
    assert code_of(refused) == "wrong-state"
    assert "withdraw" in str(refused.value)


def test_a_rescission_names_its_ground(fleet: house.Fleet) -> None:
    house.issued(20)
    with pytest.raises(Refused) as refused:
        rescind(house.operator(), house.NAME, "because")
    assert code_of(refused) == "unknown-ground"
    assert directives.issued(house.NAME) is not None
    rescind(house.operator(), house.NAME, "expired")
    assert directives.known(house.NAME).ground == "expired"


def test_an_amendment_under_way_goes_with_what_it_would_have_amended(fleet: house.Fleet) -> None:
    house.issued(20)
    house.proposed(house.document(due="2020-07-24T17:00"))
    rescind(house.operator(), house.NAME, "changed")
    assert [row.state for row in directives.versions(house.NAME)] == [State.RESCINDED, State.WITHDRAWN]
    with pytest.raises(Refused):
        house.approved("petra")


# -- superseding --


def test_an_extension_replaces_the_version_in_one_write(fleet: house.Fleet) -> None:
    first = house.issued(20)
    house.proposed(house.document(due="2020-07-24T17:00"))
    for name in ("petra", "paul"):
        house.approved(name)
    with pytest.raises(Refused) as refused:
        issue(house.operator(), house.NAME, expected=20)
    assert code_of(refused) == "issued-already"
    done = supersede(house.operator(), house.NAME, expected=20)
    assert (done.number, done.replaced) == (2, 1)
    assert directives.version(first.version).state is State.SUPERSEDED
    lineage = terms.lineage(house.NAME)
    assert lineage is not None
    assert [version.row for version in lineage.versions] == [first.version, done.version]


def test_superseding_needs_something_to_supersede(fleet: house.Fleet) -> None:
    house.proposed()
    with pytest.raises(Refused) as refused:
        supersede(house.operator(), house.NAME, expected=20)
    assert code_of(refused) == "nothing-issued"


def test_who_was_told_hears_that_it_changed_even_if_it_asks_nothing_more_of_them(fleet: house.Fleet) -> None:
    first = house.issued(20)
    issue_all(house.operator(), house.NAME, first.audience)
    house.told(first.version, fleet, list(fleet.people)[:3], DUE)
    narrower = house.document(due="2020-07-24T17:00").replace("groups: [staff]", "groups: [responders], countries: []")
    house.proposed(narrower.replace("except_groups: [responders]", "except_groups: []"))
    for name in ("petra", "paul"):
        house.approved(name)
    done = supersede(house.operator(), house.NAME, expected=3)
    assert list(done.audience) == [0, 1, 2]
    issue_all(house.operator(), house.NAME, done.audience)
    kinds = models.Notice.objects.filter(version=done.version).values_list("kind", flat=True)
    assert list(kinds) == ["superseded"] * 3
