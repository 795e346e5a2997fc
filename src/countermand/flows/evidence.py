"""Recording that evidence about a directive left the house: what exactly, and who took it."""

from countermand.access import Act, require
from countermand.store import directives, log
from countermand.store.unit import unit


def evidence_exported(act: Act, name: str, contents: str) -> None:
    """``contents``: the digest of everything that is in the pack. Refused ``not-found``."""
    require(act.actor, "audit")
    with unit():
        directives.known(name)
        log.append("evidence-exported", act, {"lineage": name, "contents": contents})
