"""Single people: what is held about them. Names of people travel in the body, never in an address, so that they stand in
nobody's access log."""

from countermand.flows import look_up as looking
from countermand.flows.erase import Erased
from countermand.flows.erase import erase_person as erasing
from countermand.operations.operation import Call, operation, rehearsed
from countermand.reads.person import PersonHeld, held


@operation("POST", "/people/export", "read-person", again=True)
def export_person(call: Call, login: str, case: str = "") -> PersonHeld:
    """Everything that is held about a person, for the person: what the directory says, devices, evidence, notices, releases,
    what they said, and the ledger's entries that name them. It is recorded, with the reference of its ``case``."""
    return held(call.act, looking.look_at_person(call.act, login, case))


@operation("POST", "/people/erase", "erase")
def erase_person(call: Call, login: str, case: str, leaves: bool = False, dry_run: bool = False) -> Erased:
    """Erase a person who has left: they and phones of their own become numbers, and the ledger names them no more. It cannot be
    taken back. ``leaves``: they leave by this, where no directory says so."""
    return rehearsed(dry_run, erasing)(call.act, login, case, leaves=leaves)


OPERATIONS = (export_person, erase_person)
