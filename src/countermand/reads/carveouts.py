"""Who is released from what: exemptions, protected logins and watched apps, as lists. They name people, so not for everyone."""

from countermand.access import Act, require
from countermand.store import directives, exemptions, protected, watching
from countermand.store.exemptions import Exemption
from countermand.store.protected import Protected
from countermand.store.watching import Watched

__all__ = ["Exemption", "Protected", "Watched", "exemptions_of", "protections", "watched"]


def exemptions_of(act: Act, name: str) -> list[Exemption]:
    """Every exemption from the directive ``name``, ended ones too, oldest first. Refused ``not-found``."""
    require(act.actor, "read-person")
    directives.known(name)
    return exemptions.of_lineage(name)


def protections(act: Act) -> list[Protected]:
    """Every login that is protected or proposed to be, by login."""
    require(act.actor, "read-person")
    return protected.every()


def watched(act: Act) -> list[Watched]:
    """Every app id that is watched, was, or is proposed to be."""
    require(act.actor, "read")
    return watching.every()
