"""What the control plane counts, for Prometheus. Directives and gates by name; never a person, a login or a device."""

import shutil
from collections.abc import Iterator

from countermand.config import Config
from countermand.lib import clock
from countermand.lib.prometheus import GAUGE, Sample, text
from countermand.reads import condition
from countermand.reads.status import status
from countermand.store import feed, installation, tellings, tree
from countermand.store.unit import reading

#: name → (kind, what it means); docs/operate.md says what to do about each.
KNOWN = {
    "countermand_ready": (GAUGE, "1 if this check holds; /readyz says why not."),
    "countermand_notices": (GAUGE, "Notices by state: promised, claimed, accepted, refused, bounced, unknown, void."),
    "countermand_ledger_entries": (GAUGE, "Entries under the last signed checkpoint."),
    "countermand_ledger_unsealed": (GAUGE, "Committed entries that wait for the sealer."),
    "countermand_ledger_oldest_unsealed_seconds": (GAUGE, "Age of the oldest entry that waits for the sealer."),
    "countermand_feed_epoch": (GAUGE, "Epoch of the feed; a restore opens a new one."),
    "countermand_feed_record": (GAUGE, "Number of the last published record."),
    "countermand_feed_unpublished": (GAUGE, "1 while committed changes wait for the publisher."),
    "countermand_feed_heartbeat_age_seconds": (GAUGE, "Seconds since the publisher last spoke."),
    "countermand_gate_silent_seconds": (GAUGE, "Seconds since this gate last reported."),
    "countermand_gate_behind_records": (GAUGE, "Records that this gate has not heard; -1 if it holds another epoch."),
    "countermand_gate_reported_stopped": (GAUGE, "1 while this gate lets everything through by its stop file or signal."),
    "countermand_held_batches": (GAUGE, "Batches that wait for a person, by kind."),
    "countermand_directive_in_force": (GAUGE, "1 for an issued directive that is not halted, 0 for a halted one."),
    "countermand_directive_denied_devices": (GAUGE, "Devices that this directive denies now."),
    "countermand_certificate_days_left": (GAUGE, "Days for which a key or certificate still holds."),
    "countermand_shared_device_ids": (GAUGE, "Names of devices that three people or more asked for mail with."),
    "countermand_disk_free_bytes": (GAUGE, "Room on the disk of the state directory."),
    "countermand_backup_age_seconds": (GAUGE, "Seconds since the last backup was written."),
}


def metrics(config: Config) -> str:
    """The text of /metrics. Reads the fleet's sets once: ask every half minute, not every second."""
    return text(KNOWN, [*_house(config), *_rows(), *_standing()])


def _house(config: Config) -> Iterator[Sample]:
    now = clock.now()
    for check in condition.checks(config):
        yield Sample("countermand_ready", int(check.ok), {"check": check.name})
    for one in condition.expiries(config):
        yield Sample("countermand_certificate_days_left", one.days(now), {"name": one.name})
    yield Sample("countermand_disk_free_bytes", shutil.disk_usage(config.state_dir).free)
    last = config.state_dir / "last-backup"
    if last.exists():
        yield Sample("countermand_backup_age_seconds", max(now / 1000 - last.stat().st_mtime, 0))


def _rows() -> Iterator[Sample]:
    with reading():
        house, beat, signed = installation.load(), feed.beat(), tree.last()
        now = clock.now() + (house.clock_offset if house else 0)
        oldest = tree.unsealed(1)
        states = tellings.states()
        age = max(now - tree.written_at(oldest[0].id), 0) / 1000 if oldest else 0.0
        unsealed = tree.unsealed_count()
    yield Sample("countermand_ledger_entries", signed.size if signed else 0)
    yield Sample("countermand_ledger_unsealed", unsealed)
    yield Sample("countermand_ledger_oldest_unsealed_seconds", age)
    if beat is not None:
        yield Sample("countermand_feed_heartbeat_age_seconds", max(now - beat.time, 0) / 1000)
    for state, count in states.items():
        yield Sample("countermand_notices", count, {"state": state})


def _standing() -> Iterator[Sample]:
    house = installation.load()
    now = clock.now() + (house.clock_offset if house else 0)
    seen = status(None, now)
    yield Sample("countermand_shared_device_ids", seen.shared)
    yield Sample("countermand_feed_epoch", seen.epoch)
    yield Sample("countermand_feed_record", seen.published)
    yield Sample("countermand_feed_unpublished", int(seen.unpublished))
    for gate in seen.gates:
        named = {"gate": gate.name}
        yield Sample("countermand_gate_silent_seconds", gate.silent / 1000, named)
        yield Sample("countermand_gate_behind_records", -1 if gate.behind is None else gate.behind, named)
        yield Sample("countermand_gate_reported_stopped", int(gate.stopped), named)
    kinds: dict[str, int] = {}
    for row in seen.held:
        kinds[row.kind] = kinds.get(row.kind, 0) + 1
    for kind, count in kinds.items():
        yield Sample("countermand_held_batches", count, {"kind": kind})
    for one in seen.directives:
        if one.state == "issued":
            yield Sample("countermand_directive_in_force", int(not one.halted), {"directive": one.directive})
            yield Sample("countermand_directive_denied_devices", one.denied, {"directive": one.directive})
