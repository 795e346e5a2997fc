"""Whatever happens to a fleet, in any order, its sets equal its rows."""

from contextlib import suppress
from pathlib import Path

import pytest
from fleet_words import CHESS, HEADER, NOW, PEOPLE, TIKTOK, agrees, by, row, said, watch, written
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import behind
from countermand.config import Database
from countermand.core.devices import Ownership
from countermand.core.errors import Refused
from countermand.core.instants import DAY, HOUR
from countermand.flows import bring
from countermand.flows.attest import attest, device_retire
from countermand.flows.flipping import flipping
from countermand.flows.forget import forget_all
from countermand.flows.ingest import ingest
from countermand.store import fleet, known, models
from countermand.store.unit import unit

STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("report"), st.sampled_from(["F1", "F2", "F3"]), st.integers(-72, 0), st.sets(st.sampled_from([TIKTOK, CHESS]))
        ),
        st.tuples(
            st.just("own"),
            st.sampled_from(["F1", "F2", "F3"]),
            st.sampled_from(["alice", "bob", ""]),
            st.sampled_from(list(Ownership)),
        ),
        st.tuples(
            st.just("groups"), st.sampled_from(["alice", "bob"]), st.sampled_from(["staff", "staff;finance", "responders", ""])
        ),
        st.tuples(st.just("nest"), st.sampled_from(["finance,staff", "responders,finance", ""])),
        st.tuples(st.just("retire"), st.sampled_from(["F1", "F2", "F3"])),
        st.tuples(st.just("attest"), st.sampled_from(["F1", "F2"])),
        st.tuples(st.just("forget")),
        st.tuples(
            st.just("exempt"), st.sampled_from(["person", "group", "device"]), st.sampled_from(["alice", "finance", "eas:E1"])
        ),
    ),
    max_size=8,
)


_FIXED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@settings(suppress_health_check=_FIXED)
@given(steps=STEPS)
def test_sets_equal_rows_whatever_happened(store: Database, tmp_path: Path, steps: list[tuple[object, ...]]) -> None:
    _live(store, tmp_path, steps)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@settings(suppress_health_check=_FIXED, max_examples=settings().max_examples // 8)
@given(steps=STEPS)
def test_the_same_on_a_server(store: Database, tmp_path: Path, steps: list[tuple[object, ...]]) -> None:
    _live(store, tmp_path, steps)


def _live(store: Database, tmp_path: Path, steps: list[tuple[object, ...]]) -> None:
    behind.afresh(store)
    folder = tmp_path
    bring.bring_people(by(), written(folder, "people.csv", PEOPLE))
    rows = row("F1", apps=[TIKTOK], eas="E1") + row("F2", "bob", "personal", [TIKTOK], "E2") + row("F3", "")
    bring.bring_devices(by(), written(folder, "devices.csv", HEADER + rows))
    watch(TIKTOK)
    models.Lineage.objects.create(id="x", created_by="a")
    for step in steps:
        _do(folder, *step)
    assert agrees()


def _do(folder: Path, what: object, *how: object) -> None:
    if what == "report":
        serial, hours, apps = how
        ingest(by(), "mdm", [said(str(serial), NOW + int(str(hours)) * HOUR, *apps)])  # type: ignore[misc]
    elif what == "own":
        serial, login, ownership = how
        text = HEADER + row(str(serial), str(login), str(ownership), at=NOW - 30 * HOUR)
        bring.bring_devices(by(), written(folder, "own.csv", text), whole=False)
    elif what == "groups":
        login, groups = how
        header, *people = PEOPLE.splitlines()
        text = next(line for line in people if line.startswith(str(login))).rsplit(",", 2)[0]
        bring.bring_people(by(), written(folder, "one.csv", f"{header}\n{text},{groups},employee\n"), whole=False)
    elif what == "nest":
        bring.bring_groups(by(), written(folder, "nest.csv", f"group,member_of\n{how[0]}\n"))
    elif what == "forget":
        forget_all(by())
    elif what == "exempt":
        kind, target = how
        people = list(known.load_people(range(2)))
        with unit(), flipping(by(), devices=fleet.in_block(0), people=people):
            models.Exemption.objects.create(
                lineage_id="x", kind=kind, target=target, ground="g", until=NOW + DAY, proposed_by="a", proposed_at=NOW,
                agreed_by="b", agreed_at=NOW,
            )  # fmt: skip
    else:
        with suppress(Refused):  # retired before, and so without a name
            device_retire(by(), str(how[0]), "lost") if what == "retire" else attest(by(), str(how[0]), [TIKTOK])
