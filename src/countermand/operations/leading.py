"""Leading an order: the course that it takes, whom it could not reach, and how far its end has come."""

from countermand.flows.look_up import look_at_people
from countermand.operations.operation import Call, operation
from countermand.operations.pages import MOST, USUAL, Page, page
from countermand.reads import course as courses
from countermand.reads import stopping as ends
from countermand.reads import untold
from countermand.reads.course import Course
from countermand.reads.stopping import Stopping
from countermand.reads.untold import Untold


@operation("GET", "/directives/{directive}/course", "oversee")
def course(call: Call, directive: str) -> Course:
    """How a directive stood at some times since it was issued, in devices, and what happened when: what a chart is drawn of."""
    return courses.course_of(directive)


@operation("GET", "/directives/{directive}/stopping", "oversee")
def stopping(call: Call, directive: str) -> Stopping:
    """How far a halt or a rescission has come: which gates have heard it, and to how many people the word of it is on its way."""
    return ends.stopping(directive, call.act.now)


@operation("GET", "/directives/{directive}/untold", "read-person")
def list_untold(call: Call, directive: str, after: str = "", limit: int = USUAL) -> Page[Untold]:
    """The people whose notice of the version in force came back, was refused, or may not have arrived. None of them is denied.

    The look is recorded, where each of them sees it."""
    found = untold.untold_of(call.act, directive, after, min(max(limit, 1), MOST) + 1)
    listed = page(found, lambda one: one.login, after, limit)
    look_at_people(call.act, "untold", directive, [one.login for one in listed.items])
    return listed


OPERATIONS = (course, stopping, list_untold)
