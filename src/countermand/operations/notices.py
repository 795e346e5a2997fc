"""Words to people before they leave: what a notice looks like, and what should be seen in it."""

from countermand.operations.operation import Call, operation
from countermand.reads.notices import Linted, NoticePreview, linted
from countermand.reads.notices import preview as previewed


@operation("GET", "/directives/{directive}/notices/preview", "read")
def preview_notice(call: Call, directive: str, kind: str = "issued", language: str = "en", zone: str = "UTC") -> NoticePreview:
    """A notice of a directive as somebody would get it, as text and as HTML. ``kind``: issued, reminder, denied, …;
    ``zone``: the reader's."""
    return previewed(directive, kind, language, zone, call.config, call.act.now)


@operation("GET", "/directives/{directive}/notices/lint", "read")
def lint_notices(call: Call, directive: str) -> Linted:
    """Look a directive's notices over, in every language: too long, words missing, what a reader must know left out."""
    return linted(directive, call.config)


OPERATIONS = (preview_notice, lint_notices)
