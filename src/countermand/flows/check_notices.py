"""Checking the way that notices take: what DNS says of the sender, and one message to somebody who asked for it."""

from collections.abc import Callable
from dataclasses import dataclass

from countermand.access import Act, require
from countermand.config import Smtp
from countermand.core.errors import Refused
from countermand.core.instants import Instant
from countermand.notices import checking
from countermand.notices.checking import Look, Step, Verdict
from countermand.notices.compose import is_address
from countermand.notices.mail import Server
from countermand.notices.returning import TAG


@dataclass(frozen=True, slots=True)
class Checked:
    """``well``: nothing is bad."""

    well: bool
    steps: tuple[Step, ...]


def check_notices(act: Act, smtp: Smtp, origin: str, recipient: str, look: Look, clock: Callable[[], Instant]) -> Checked:
    """Look up the sender's domain and send one test message to ``recipient``. A drill asks no DNS and sends nowhere else than
    to this machine. Refused ``address-unfit``, ``drill-stays-home``."""
    require(act.actor, "deliver")
    for address in (smtp.sender, recipient):
        if not is_address(address):
            raise Refused("address-unfit", address=address)
    steps = [Step("sender", Verdict.GOOD, smtp.sender), _returns(smtp.return_path)]
    if act.drill:
        steps.append(Step("DNS", Verdict.UNASKED, "a drill asks nobody"))
    else:
        steps += checking.domain_steps(smtp.sender, smtp.dkim_selector, look, smtp.return_path)
    server = Server(
        smtp.host, smtp.port, smtp.sender, act.drill, starttls=smtp.starttls, username=smtp.username, password=smtp.password
    )
    back = smtp.return_path.replace(TAG, "check")
    steps += checking.sending_steps(server, recipient, origin, clock, back)
    return Checked(all(step.verdict is not Verdict.BAD for step in steps), tuple(steps))


def _returns(form: str) -> Step:
    if form:
        return Step("return path", Verdict.GOOD, form)
    return Step(
        "return path",
        Verdict.WEAK,
        "the sender's address: what comes back is known by its Message-ID alone; set smtp.return_path",
    )
