"""Sending somebody their notice again, because they ask the help desk for it. It states the due that they were told."""

from countermand.access import Act, require
from countermand.core.errors import Refused
from countermand.core.notices import Kind
from countermand.core.people import normal_login
from countermand.store import directives, directory, log, outbox
from countermand.store.unit import unit

#: More than this is no help any more.
MOST = 3


def resend(act: Act, login: str, name: str) -> None:
    """Promise the version's notice once more. Refused ``not-found``, ``lineage-ended``, ``resent-often``."""
    require(act.actor, "unblock")
    with unit():
        person = directory.find([normal_login(login)]).get(normal_login(login))
        if person is None:
            raise Refused("not-found", what="person", name=login, nearest="none")
        row = directives.issued(name)
        if row is None or directives.known(name).ended_at is not None:
            raise Refused("lineage-ended", name=name)
        for turn in range(1, MOST + 1):
            if outbox.promise(row.pk, [person], Kind.REMINDER, act, occurrence=f"asked-{turn}"):
                log.append("resent", act, {"lineage": name, "time": turn}, [f"person:{normal_login(login)}"])
                return
        raise Refused("resent-often", most=MOST)
