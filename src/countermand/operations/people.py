"""Single people: what is held about them. Names of people travel in the body, never in an address, so that they stand in
nobody's access log."""

from countermand.flows import look_up as looking
from countermand.operations.operation import Call, operation
from countermand.reads.person import PersonHeld, held


@operation("POST", "/people/export", "read-person", again=True)
def export_person(call: Call, login: str, case: str = "") -> PersonHeld:
    """Everything that is held about a person, for the person: what the directory says, devices, evidence, notices, releases,
    what they said, and the ledger's entries that name them. It is recorded, with the reference of its ``case``."""
    return held(call.act, looking.look_at_person(call.act, login, case))


OPERATIONS = (export_person,)
