"""Words to people before they leave: what a notice looks like, and what should be seen in it."""

from countermand.flows import echo
from countermand.flows.check_notices import Checked
from countermand.flows.check_notices import check_notices as check
from countermand.flows.echo import Tried
from countermand.lib import clock, names
from countermand.operations.operation import Call, operation
from countermand.reads.notices import ChannelView, Linted, NoticePreview, PublicRecord, linted, public_record, second_channels
from countermand.reads.notices import preview as previewed


@operation("GET", "/directives/{directive}/notices/preview", "oversee")
def preview_notice(call: Call, directive: str, kind: str = "issued", language: str = "en", zone: str = "UTC") -> NoticePreview:
    """A notice of a directive as somebody would get it, as text and as HTML. ``kind``: issued, reminder, denied, …;
    ``zone``: the reader's."""
    return previewed(directive, kind, language, zone, call.config, call.act.now)


@operation("GET", "/directives/{directive}/notices/lint", "oversee")
def lint_notices(call: Call, directive: str) -> Linted:
    """Look a directive's notices over, in every language: too long, words missing, what a reader must know left out."""
    return linted(directive, call.config)


@operation("POST", "/notices/check", "deliver", again=True)
def check_notices(call: Call, to: str) -> Checked:
    """Check the way of notices: what DNS says of the sender (SPF, DKIM, DMARC), then one test message, an exercise, through
    the configured mail server to the address ``to``; every step is reported."""
    return check(call.act, call.config.smtp, call.config.origin, to, names.look, clock.now)


@operation("GET", "/directives/{directive}/public", "oversee")
def show_public(call: Call, directive: str) -> PublicRecord:
    """What is said of a directive in public, the correction to it, and whether its vendor was contacted and what it answered."""
    return public_record(directive)


@operation("GET", "/notices/channels", "read")
def list_channels(call: Call) -> list[ChannelView]:
    """The second channels by which words of notices are said once more, and how many echoes are in which state; never their
    addresses."""
    return list(second_channels(call.config))


@operation("POST", "/notices/channels/{channel}/try", "deliver", again=True)
def try_channel(call: Call, channel: str, login: str = "") -> Tried:
    """Send an exercise by one second channel: to a room, or by a person's channel to the person with this ``login``."""
    return echo.try_channel(call.act, call.config, channel, login)


OPERATIONS = (preview_notice, lint_notices, check_notices, show_public, list_channels, try_channel)
