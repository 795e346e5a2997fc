"""Releases from an order: exemptions, protected logins; and single watched apps."""

from dataclasses import dataclass

from countermand.core.instants import Instant
from countermand.flows import exempt as exempting
from countermand.flows import protect as protecting
from countermand.flows import watch as watching
from countermand.flows.look_up import look_at_people
from countermand.operations.operation import Call, operation, rehearsed
from countermand.operations.pages import USUAL, Page, page
from countermand.reads import carveouts
from countermand.reads.carveouts import Exemption, Protected, Watched


@dataclass(frozen=True, slots=True)
class Exempted:
    """How many devices the exemption released, or released until now."""

    exemption: int
    devices: int


@dataclass(frozen=True, slots=True)
class Protecting:
    login: str


@dataclass(frozen=True, slots=True)
class Protection:
    login: str
    devices: int


@dataclass(frozen=True, slots=True)
class ProtectionEnd:
    """``ended``: False while it waits for a second person."""

    login: str
    ended: bool


@dataclass(frozen=True, slots=True)
class Watch:
    watch: int
    app: str


@dataclass(frozen=True, slots=True)
class WatchNumber:
    watch: int


@operation("GET", "/directives/{directive}/exemptions", "read-person")
def list_exemptions(call: Call, directive: str, after: str = "", limit: int = USUAL) -> Page[Exemption]:
    """The exemptions from a directive, ended ones too. Whoever is named is shown in their history that somebody looked."""
    found = page(carveouts.exemptions_of(call.act, directive), lambda one: one.pk, after, limit)
    look_at_people(call.act, "exemptions", directive, sorted({one.target for one in found.items if one.kind == "person"}))
    return found


@operation("POST", "/directives/{directive}/exemptions", "exempt")
def exempt(call: Call, directive: str, target: str, ground: str, until: Instant, dry_run: bool = False) -> Exemption:
    """Propose to release a person, a device or a group from a directive; it holds once somebody else agrees.

    ``target``: person:LOGIN, device:KIND:VALUE or group:NAME; ``until``: milliseconds since 1970 in UTC."""
    return rehearsed(dry_run, exempting.exempt)(call.act, directive, target, ground, until)


@operation("POST", "/exemptions/{number}/agree", "agree-exemption")
def agree_exemption(call: Call, number: int, dry_run: bool = False) -> Exempted:
    """Agree to a proposed exemption: it holds from now on."""
    return Exempted(number, rehearsed(dry_run, exempting.agree_exemption)(call.act, number))


@operation("POST", "/exemptions/{number}/end", "end-exemption")
def end_exemption(call: Call, number: int, dry_run: bool = False) -> Exempted:
    """End an exemption, or the proposal of one, now. Whoever was told and still has the app may lose mail."""
    return Exempted(number, rehearsed(dry_run, exempting.end_exemption)(call.act, number))


@operation("GET", "/protections", "read-person")
def list_protections(call: Call, after: str = "", limit: int = USUAL) -> Page[Protected]:
    """The protected logins, and the proposals. The look is recorded, where those people see it."""
    found = page(carveouts.protections(call.act), lambda one: one.login, after, limit)
    look_at_people(call.act, "protected logins", "", sorted({one.login for one in found.items}))
    return found


@operation("POST", "/protections", "protect")
def protect(call: Call, login: str, why: str, dry_run: bool = False) -> Protecting:
    """Propose that a login can never be denied: break-glass accounts, mail administrators, services."""
    return Protecting(rehearsed(dry_run, protecting.protect)(call.act, login, why))


@operation("POST", "/protections/agree", "agree-protection")
def agree_protection(call: Call, login: str, dry_run: bool = False) -> Protection:
    """Agree: the login is protected from now on, at every gate."""
    return Protection(login, rehearsed(dry_run, protecting.agree_protection)(call.act, login))


@operation("POST", "/protections/end", "protect")
def end_protection(call: Call, login: str, dry_run: bool = False) -> ProtectionEnd:
    """Propose to end a protection, or agree to somebody else's proposal to."""
    return ProtectionEnd(login, rehearsed(dry_run, protecting.end_protection)(call.act, login))


@operation("GET", "/watches", "read")
def list_watches(call: Call, after: str = "", limit: int = USUAL) -> Page[Watched]:
    """The watched app ids, and the proposals."""
    return page(carveouts.watched(call.act), lambda one: one.pk, after, limit)


@operation("POST", "/watches", "watch")
def watch(call: Call, app: str, purpose: str, until: Instant, dry_run: bool = False) -> Watch:
    """Propose to keep an app id (ios:ID or android:ID) of personal devices, for a purpose, until a time."""
    return Watch(rehearsed(dry_run, watching.watch)(call.act, app, purpose, until), app)


@operation("POST", "/watches/{number}/agree", "agree-watch")
def agree_watch(call: Call, number: int, dry_run: bool = False) -> WatchNumber:
    """Agree: reports that arrive from now on keep this id."""
    rehearsed(dry_run, watching.agree_watch)(call.act, number)
    return WatchNumber(number)


@operation("POST", "/watches/{number}/end", "watch")
def end_watch(call: Call, number: int, dry_run: bool = False) -> WatchNumber:
    """Watch an app id no longer."""
    rehearsed(dry_run, watching.end_watch)(call.act, number)
    return WatchNumber(number)


OPERATIONS = (
    list_exemptions,
    exempt,
    agree_exemption,
    end_exemption,
    list_protections,
    protect,
    agree_protection,
    end_protection,
    list_watches,
    watch,
    agree_watch,
    end_watch,
)
