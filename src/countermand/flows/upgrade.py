"""Upgrading: the tables of an older database brought to this program's, or taken one version back. Planned, checked, applied.

Each migration is one transaction. Killed between two, the database is at the version of the first, and running it again goes
on. Nobody may be at work meanwhile, and no process of another version opens the database (reads.installation).
"""

from dataclasses import dataclass

from countermand.access import Act, Actor, Role
from countermand.config import Config
from countermand.core.errors import Refused
from countermand.lib import clock
from countermand.store import installation, lease, log, upgrades
from countermand.store.setup import close_store, open_store
from countermand.store.unit import unit


@dataclass(frozen=True, slots=True)
class Upgraded:
    """``steps``: the migrations to apply (or, going back, to take back), in their order; ``done``: they were."""

    now: str
    steps: tuple[str, ...]
    back: bool
    done: bool


def upgrade(config: Config, *, check: bool = False, back: bool = False) -> Upgraded:
    """Bring the tables up to this program, or with ``back`` to the version before it. ``check``: only say what would be done.

    Whoever may write the database may do it: accounts live in the tables that change. Refused ``no-installation``,
    ``database-newer``, ``upgrade-while-running``, ``upgrade-irreversible``.
    """
    open_store(config.database)
    try:
        found = upgrades.standing()
        if not found.applied:
            raise Refused("no-installation", path=config.database)
        if found.strange:
            raise Refused("database-newer", migration=found.strange[-1])
        steps = _steps(found, back)
        if check or not steps:
            return Upgraded(found.applied[-1], steps, back, done=not steps)
        if lease.held_by_anybody("publisher", lease.real()):
            raise Refused("upgrade-while-running")
        _apply(found, steps, back)
        return Upgraded(upgrades.standing().applied[-1], steps, back, done=True)
    finally:
        close_store()


def _steps(found: upgrades.Standing, back: bool) -> tuple[str, ...]:
    if not back:
        return found.missing
    if found.missing or len(found.applied) < 2:
        return ()  # it is behind this program already, or there is nothing before it
    steps = found.applied[-1:]
    if upgrades.irreversible(steps):
        raise Refused("upgrade-irreversible", migration=steps[0])
    return steps


def _apply(found: upgrades.Standing, steps: tuple[str, ...], back: bool) -> None:
    """The entry is written under the tables that this program knows: after going forward, before going back."""
    about = {"from": found.applied[-1], "to": found.applied[-2] if back else steps[-1]}
    if back:
        _record(about)
        upgrades.move_to(found.applied[-2])
        return
    for step in steps:
        upgrades.move_to(step)
    _record(about)


def _record(about: dict[str, str]) -> None:
    house = installation.load()
    now = clock.now() + (house.clock_offset if house else 0)
    with unit():
        log.append("upgraded", Act(Actor("upgrade", frozenset({Role.ADMINISTRATOR})), now), about)
