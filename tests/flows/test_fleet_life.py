"""A fleet lives: imports, reports, new owners, retirements, exemptions in any order; the sets always equal the rows."""

from pathlib import Path

import pytest
from fleet_words import CHESS, HEADER, NOW, PEOPLE, TIKTOK, agrees, by, present, row, said, watch, written

import behind
from countermand.access import Role
from countermand.config import Database
from countermand.core import facts
from countermand.core.coverage import NOTHING, Coverage, Grade
from countermand.core.devices import Identity, IdentityKind
from countermand.core.errors import Refused, RefusedMany
from countermand.core.instants import DAY, HOUR, MINUTE
from countermand.core.mentions import Mention
from countermand.flows import bring
from countermand.flows.attest import attest, device_bind, device_retire, mail_removed
from countermand.flows.doctor import doctor
from countermand.flows.forget import forget_all
from countermand.flows.ingest import ingest
from countermand.flows.release import drop, release
from countermand.store import evidence, fleet, held, known, models, sets


@pytest.fixture
def company(store: Database, tmp_path: Path) -> Path:
    """Two people and three phones: alice's company phone, bob's own, and one that nobody owns."""
    bring.bring_people(by(), written(tmp_path, "people.csv", PEOPLE))
    rows = (
        row("F1", apps=[TIKTOK, CHESS], eas="E1")
        + row("F2", "bob", "personal", [TIKTOK, CHESS], "E2")
        + row("F3", "", "corporate")
    )
    bring.bring_devices(by(), written(tmp_path, "devices.csv", HEADER + rows))
    return tmp_path


class TestImports:
    def test_sets_follow(self, company: Path) -> None:
        block = sets.load_all(sets.DEVICES, 0)
        assert block[facts.EVERY] == block[facts.platform("ios")]
        assert list(block[facts.group("finance")]) == [fleet.named("F1")]
        assert set(block[facts.OWNED]) == {fleet.named("F1"), fleet.named("F2")}
        assert agrees()

    def test_again_changes_nothing(self, company: Path) -> None:
        assert bring.bring_people(by(), company / "people.csv").changed == 0
        again = bring.bring_devices(by(), company / "devices.csv")
        assert (again.added, again.changed, again.moved) == (0, 0, 0)

    def test_a_new_owner_takes_every_bit_of_the_person(self, company: Path) -> None:
        bring.bring_devices(by(), written(company, "moved.csv", HEADER + row("F1", "bob", eas="E1")), whole=False)
        block = sets.load_all(sets.DEVICES, 0)
        assert fleet.named("F1") in block[facts.country("US")]
        assert not block[facts.group("finance")]
        marks = set(models.Dirty.objects.filter(kind="identities").values_list("key", flat=True))
        assert {"eas\talice\tE1", "eas\tbob\tE1"} <= marks
        assert agrees()

    def test_leaving_a_group_and_a_country(self, company: Path) -> None:
        text = PEOPLE.replace("staff;finance", "staff").replace(",DE,", ",FR,")
        assert bring.bring_people(by(), written(company, "p2.csv", text)).changed == 1
        assert list(sets.load_all(sets.DEVICES, 0)[facts.country("FR")]) == [fleet.named("F1")]
        assert agrees()

    def test_groups_within_groups_reach_devices(self, company: Path) -> None:
        nesting = "group,member_of\nfinance,head-office\nhead-office,everyone\n"
        bring.bring_groups(by(), written(company, "g.csv", nesting))
        assert list(sets.load_all(sets.DEVICES, 0)[facts.group("everyone")]) == [fleet.named("F1")]
        assert agrees()
        bring.bring_groups(by(), written(company, "g2.csv", "group,member_of\nfinance,head-office\n"))
        assert not sets.load_all(sets.DEVICES, 0)[facts.group("everyone")]
        assert agrees()

    def test_a_dry_run_counts_and_writes_nothing(self, company: Path) -> None:
        file = written(company, "more.csv", HEADER + row("F9", eas="E9"))
        before = models.Device.objects.count(), models.Dirty.objects.count()
        brought = bring.bring_devices(by(), file, dry_run=True, whole=False)
        assert (brought.rows, brought.added) == (1, 1)
        assert (models.Device.objects.count(), models.Dirty.objects.count()) == before

    @pytest.mark.parametrize(
        ("rows", "code"),
        [
            (row("F8", "nobody"), "person-unknown"),
            (row("F1", eas="E2"), "identity-elsewhere"),
            (row("F8") + row("F8"), "csv-twice"),
            (row("F8", at=NOW + 6 * MINUTE), "time-ahead"),
            (row("F8").replace("ios", "symbian"), "csv-value"),
            (row("=F8"), "csv-formula"),
            (row("F8").replace("\n", ",x\n"), "csv-cells"),
            (row("F8").replace("iPhone", '"iPhone'), "csv-quote"),
            (row("F8").replace("iPhone", "i\0Phone"), "csv-nul"),
            (row("F8").replace("iPhone", "x" * (10 << 20)), "csv-long"),
        ],
    )
    def test_one_bad_row_and_nothing_is_applied(self, company: Path, rows: str, code: str) -> None:
        before = models.Device.objects.count(), models.LedgerRow.objects.count()
        with pytest.raises(RefusedMany) as refused:
            bring.bring_devices(by(), written(company, "bad.csv", HEADER + row("F7") + rows), whole=False)
        assert code in {problem.code for problem in refused.value.problems}
        assert refused.value.problems[0].where is not None
        assert refused.value.problems[0].where.line in {3, 4}
        assert len(str(refused.value)) < 1_000
        assert (models.Device.objects.count(), models.LedgerRow.objects.count()) == before

    def test_only_who_may(self, company: Path) -> None:
        with pytest.raises(Refused) as refused:
            bring.bring_people(by(Role.AUTHOR), company / "people.csv")
        assert refused.value.code == "not-allowed"

    def test_a_crash_between_chunks_leaves_rows_and_sets_agreeing(self, company: Path) -> None:
        rows = "".join(row(f"N{number}", eas=f"X{number}") for number in range(2_500))

        def stop(steps: int) -> None:
            raise KeyboardInterrupt

        file = written(company, "many.csv", HEADER + rows)
        with pytest.raises(KeyboardInterrupt):
            bring.bring_devices(by(), file, whole=False, progress=stop)
        assert 3 < models.Device.objects.count() < 2_503
        assert agrees()
        bring.bring_devices(by(), file, whole=False)
        assert models.Device.objects.count() == 2_503
        assert agrees()


class TestPrivacy:
    def test_an_unwatched_app_of_a_personal_device_is_nowhere_in_the_file(self, store: Database, tmp_path: Path) -> None:
        bring.bring_people(by(), written(tmp_path, "people.csv", PEOPLE))
        bring.bring_devices(by(), written(tmp_path, "d.csv", HEADER + row("F2", "bob", "personal", [CHESS, TIKTOK])))
        watch(TIKTOK)
        bring.bring_devices(by(), tmp_path / "d.csv")
        ingest(by(), "mdm", [said("F2", NOW, CHESS, TIKTOK)])
        flood = [said("F2", NOW, CHESS)] * 3
        ingest(by(), "new-mdm", flood, complete=True)  # held: what waits is stored too
        [waiting] = held.waiting()
        assert CHESS.id not in str(held.take(waiting.pk))  # it is packed, so its bytes alone would prove nothing
        assert CHESS.id.encode() not in behind.every_byte(store)
        assert present("F2") == {TIKTOK}

    def test_a_company_phone_keeps_its_list(self, company: Path) -> None:
        assert present("F1") == {TIKTOK, CHESS}

    def test_what_was_dropped_never_proves_absence(self, company: Path) -> None:
        watch(TIKTOK)
        device = known.load([fleet.named("F2")])[fleet.named("F2")]
        covered = evidence.coverages([look.coverage for look in device.looked])
        assert all(not coverage.includes(frozenset({TIKTOK})) for coverage in covered.values())

    def test_a_phone_that_becomes_personal_is_forgotten_at_once(self, company: Path) -> None:
        watch(TIKTOK)
        bring.bring_devices(
            by(), written(company, "own.csv", HEADER + row("F1", "alice", "personal", eas="E1", at=NOW - 2 * HOUR)), whole=False
        )
        assert present("F1") == {TIKTOK}
        assert agrees()

    def test_retention_narrows_coverage_in_the_same_write(self, company: Path) -> None:
        watch(TIKTOK)
        ingest(by(), "mdm", [said("F2", NOW, TIKTOK)])
        later = NOW + 91 * DAY
        assert forget_all(by(Role.OPERATOR, now=later)) == 1
        assert present("F2") == set()
        device = known.load([fleet.named("F2")])[fleet.named("F2")]
        assert set(evidence.coverages([look.coverage for look in device.looked]).values()) == {NOTHING}
        assert agrees(later)


class TestReports:
    def test_two_reports_out_of_order(self, company: Path) -> None:
        ingest(by(), "mdm", [said("F1", NOW)])
        ingest(by(), "mdm", [said("F1", NOW - HOUR // 2, TIKTOK)])
        assert present("F1") == set()
        ingest(by(), "mdm", [said("F1", NOW + MINUTE, TIKTOK, coverage=NOTHING)])
        assert present("F1") == {TIKTOK}
        assert agrees()

    def test_a_source_speaks_only_for_its_own(self, company: Path) -> None:
        mention = said("F1", NOW)
        stranger = Mention(mention.identities, reports=mention.reports)
        taken = ingest(by(), "stranger", [stranger])
        assert taken.passed == {"not enrolled": 1}
        assert TIKTOK in present("F1")

    def test_a_device_that_nobody_knows(self, company: Path) -> None:
        assert ingest(by(), "mdm", [said("F99", NOW, TIKTOK)]).passed == {"unknown": 1}

    def test_a_clock_that_is_ahead(self, company: Path) -> None:
        assert ingest(by(), "mdm", [said("F1", NOW + 6 * MINUTE)]).passed == {"ahead of the clock": 1}
        assert TIKTOK in present("F1")

    def test_only_complete_contact_counts_as_contact(self, company: Path) -> None:
        ingest(by(), "mdm", [said("F1", NOW)])
        assert models.Source.objects.get(name="mdm").last_contact is None
        ingest(by(), "mdm", [said("F1", NOW)], complete=True, confirmed=True)
        assert models.Source.objects.get(name="mdm").last_contact == NOW


class TestHoldBacks:
    @pytest.fixture
    def many(self, company: Path) -> int:
        watch(TIKTOK)
        rows = "".join(row(f"N{number}") for number in range(30))
        bring.bring_devices(by(), written(company, "n.csv", HEADER + rows), whole=False)
        return 30

    def test_a_flood_in_one_batch(self, many: int) -> None:
        taken = ingest(by(), "mdm", [said(f"N{number}", NOW, TIKTOK) for number in range(many)])
        assert taken.held is not None
        assert taken.moved == 0
        assert not present("N0")
        release(by(), taken.held)
        assert all(present(f"N{number}") == {TIKTOK} for number in range(many))
        assert agrees()

    def test_a_flood_one_at_a_time(self, many: int) -> None:
        held_back = [ingest(by(), "mdm", [said(f"N{number}", NOW, TIKTOK)]).held for number in range(many)]
        assert held_back[:20] == [None] * 20
        assert None not in held_back[20:]

    def test_what_came_meanwhile_stays(self, many: int) -> None:
        taken = ingest(by(), "mdm", [said(f"N{number}", NOW, TIKTOK) for number in range(many)])
        ingest(by(now=NOW + MINUTE), "mdm", [said("N0", NOW + MINUTE)])
        assert taken.held is not None
        release(by(now=NOW + 2 * MINUTE), taken.held)
        assert present("N0") == set()
        assert present("N1") == {TIKTOK}

    def test_a_set_that_shrank_or_is_empty(self, many: int) -> None:
        whole = [said(f"N{number}", NOW) for number in range(many)]
        ingest(by(), "mdm", whole, complete=True, confirmed=True)
        for part in (whole[:20], []):
            taken = ingest(by(now=NOW + HOUR), "mdm", part, complete=True)
            assert taken.doubt is not None
            assert taken.doubt.code == "set-small"
        assert models.Source.objects.get(name="mdm").last_contact == NOW
        assert ingest(by(now=NOW + HOUR), "mdm", whole[:24], complete=True).held is None

    def test_a_first_sync_waits(self, many: int) -> None:
        taken = ingest(by(), "mdm", [said("N1", NOW)], complete=True)
        assert taken.doubt is not None
        assert taken.doubt.code == "first-sync"
        assert taken.held is not None
        drop(by(), taken.held)
        assert held.waiting() == []
        with pytest.raises(Refused):
            release(by(), taken.held)

    def test_an_import_is_asked_about(self, many: int, company: Path) -> None:
        rows = "".join(row(f"N{number}", apps=[TIKTOK], at=NOW) for number in range(many))
        file = written(company, "flood.csv", HEADER + rows)
        with pytest.raises(Refused) as refused:
            bring.bring_devices(by(), file, whole=False, confirmed=False)
        assert refused.value.code == "import-held"
        assert not present("N0")
        assert bring.bring_devices(by(), file, whole=False).surfaced == many


class TestOneDevice:
    def test_an_attestation_covers_exactly_its_apps_and_clears_nothing(self, company: Path) -> None:
        watch(TIKTOK)
        ingest(by(), "mdm", [said("F2", NOW, TIKTOK)])
        attest(by(Role.HELPDESK, now=NOW + HOUR), "F2", [TIKTOK])
        assert present("F2") == {TIKTOK}
        device = known.load([fleet.named("F2")])[fleet.named("F2")]
        attested = [look.coverage for look in device.looked if look.grade is Grade.ATTESTED]
        assert evidence.coverages(attested)[attested[0]] == Coverage(frozenset({TIKTOK}))
        with pytest.raises(Refused) as refused:
            attest(by(Role.HELPDESK), "F2", [CHESS])
        assert refused.value.code == "app-not-watched"
        assert agrees()

    def test_a_retired_device_has_no_names_and_no_evidence(self, company: Path) -> None:
        ordinal = fleet.named("F1")
        device_retire(by(), "F1", "replaced")
        assert ordinal in sets.load_all(sets.DEVICES, 0)[facts.RETIRED]
        assert known.load([ordinal])[ordinal].present == frozenset()
        bring.bring_devices(by(), written(company, "again.csv", HEADER + row("F1")), whole=False)
        assert fleet.named("F1") != ordinal
        assert agrees()

    def test_a_sighting_is_bound(self, company: Path) -> None:
        device_bind(by(), "F1", Identity(IdentityKind.EAS, "outlook-1"))
        assert fleet.named("eas:outlook-1") == fleet.named("F1")
        with pytest.raises(Refused) as refused:
            device_bind(by(), "F2", Identity(IdentityKind.EAS, "outlook-1"))
        assert refused.value.code == "identity-elsewhere"
        mail_removed(by(), "F1")
        assert fleet.named("F1") in sets.load_all(sets.DEVICES, 0)[facts.MAIL_REMOVED]
        assert agrees()


def test_doctor_finds_and_mends(company: Path) -> None:
    from pyroaring import BitMap

    sets.save(sets.DEVICES, 0, {facts.country("DE"): BitMap([1]), "country:XX": BitMap([0])})
    findings = doctor(by())
    assert {(one.name, one.missing, one.extra) for one in findings.differences} == {("country:DE", 1, 1), ("country:XX", 0, 1)}
    assert doctor(by(), repair=True).repaired
    assert agrees()
