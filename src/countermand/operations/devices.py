"""Single devices, for the help desk: what is known of one, and what people say of it. Names of people and devices travel in
the body, never in an address, so that they stand in nobody's access log."""

from dataclasses import dataclass

from countermand.core.apps import App
from countermand.core.devices import Identity, IdentityKind, Platform
from countermand.core.errors import Refused, Where
from countermand.core.links import Link
from countermand.flows import attest as saying
from countermand.flows import link as linking
from countermand.flows import look_up as looking
from countermand.flows import mail_passwords as passwords
from countermand.operations.operation import Call, operation, rehearsed
from countermand.operations.pages import MOST, USUAL
from countermand.reads import links
from countermand.reads.device import DeviceView, device
from countermand.reads.mail_passwords import passwd_file


@dataclass(frozen=True, slots=True)
class Found:
    """What a look-up brought: every device of a login, or one."""

    login: str
    devices: tuple[DeviceView, ...]


@dataclass(frozen=True, slots=True)
class Attested:
    device: str
    apps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Retired:
    device: str
    retired: bool


@dataclass(frozen=True, slots=True)
class Bound:
    device: str
    identity: str


@dataclass(frozen=True, slots=True)
class Linked:
    """``joined``: the one device's ordinal; None in a dry run that would not be refused."""

    device: str
    other: str
    joined: int


@dataclass(frozen=True, slots=True)
class MaybeOne:
    """``mail``: a name at the mail server; ``device``: the device that may have it; ``other``: the device that has
    that name by now, '' if it was seen at a gate alone; ``likely``: likely or possible, and ``why``;
    ``command``: what says that it is so."""

    login: str
    mail: str
    device: str
    model: str
    likely: str
    why: tuple[str, ...]
    other: str
    command: str


@dataclass(frozen=True, slots=True)
class MailRemoved:
    device: str
    mail_removed: bool


@dataclass(frozen=True, slots=True)
class NewPassword:
    """``password``: shown this once; a digest is all that is stored."""

    device: str
    password: str


@dataclass(frozen=True, slots=True)
class EndedPasswords:
    device: str
    ended: int


@dataclass(frozen=True, slots=True)
class PasswordFile:
    """``text``: a passwd-file of Dovecot's."""

    text: str


@operation("POST", "/devices/look-up", "read-person", again=True)
def look_up(call: Call, what: str, case: str = "") -> Found:
    """Explain one device, or every device of a login: what was seen on it, what is asked of it, and from when mail stops.

    ``what``: a name of the device, serial:F2LX1, #17, or its owner's login. Each look is recorded in the ledger, with
    the reference of its ``case``."""
    found = looking.look_up(call.act, what, case)
    return Found(found.login, tuple(device(call.act, ordinal) for ordinal in found.devices))


@operation("POST", "/devices/attest", "attest")
def attest(call: Call, device: str, apps: list[str], dry_run: bool = False) -> Attested:
    """Record its owner's statement that apps (ios:ID or android:ID) are gone from a device. It never clears what a machine
    saw. ``device``: a serial number, or KIND:VALUE."""
    rehearsed(dry_run, saying.attest)(call.act, device, [_app(one) for one in apps])
    return Attested(device, tuple(apps))


@operation("POST", "/devices/retire", "attest")
def retire(call: Call, device: str, why: str, dry_run: bool = False) -> Retired:
    """Declare a device replaced or retired: out of every scope, its evidence void, its names free for another."""
    rehearsed(dry_run, saying.device_retire)(call.act, device, why)
    return Retired(device, retired=True)


@operation("POST", "/devices/bind", "attest")
def bind(call: Call, device: str, identity: str, dry_run: bool = False) -> Bound:
    """Say that a name seen at a gate (KIND:VALUE) is this device's, so that the device is registered."""
    rehearsed(dry_run, saying.device_bind)(call.act, device, _identity(identity))
    return Bound(device, identity)


@operation("POST", "/devices/link", "link")
def link(call: Call, device: str, other: str, dry_run: bool = False) -> Linked:
    """Say that two devices are one phone: it has the names and the evidence of both from then on. Refused if each has a serial
    number of its own. ``device``, ``other``: a serial number, KIND:VALUE, or #17."""
    return Linked(device, other, rehearsed(dry_run, linking.link)(call.act, device, other))


@operation("GET", "/devices/links", "read-person")
def suggest_links(call: Call, limit: int = USUAL) -> tuple[MaybeOne, ...]:
    """List what may be one phone: a name at the mail server that no manager of phones knows, and a device of the same person that
    has none. Nothing is joined. The look is recorded, where those people see it."""
    found = links.suggestions(call.act, min(max(limit, 1), MOST))
    looking.look_at_people(call.act, "suggested links", "", sorted({one.managed.login for one in found}))
    return tuple(_maybe(one) for one in found)


@operation("POST", "/devices/mail-removed", "attest")
def mail_removed(call: Call, device: str, removed: bool = True, dry_run: bool = False) -> MailRemoved:
    """Record its owner's word that mail is gone from a device (or is there again): complied, where the directive takes that."""
    rehearsed(dry_run, saying.mail_removed)(call.act, device, removed=removed)
    return MailRemoved(device, removed)


@operation("POST", "/devices/mail-password", "attest", secret=True)
def issue_mail_password(call: Call, device: str) -> NewPassword:
    """Issue a mail password to one device; the answer holds it, this once. The one that it had before ends."""
    return NewPassword(device, passwords.issue_mail_password(call.act, device))


@operation("POST", "/devices/mail-password/revoke", "attest")
def revoke_mail_password(call: Call, device: str, dry_run: bool = False) -> EndedPasswords:
    """End a device's mail password: Dovecot refuses it as soon as it has the next file."""
    return EndedPasswords(device, rehearsed(dry_run, passwords.revoke_mail_password)(call.act, device))


@operation("GET", "/devices/mail-passwords", "gate")
def mail_passwords(call: Call) -> PasswordFile:
    """The file in which Dovecot finds the passwords that were issued to devices: digests, never a password."""
    return PasswordFile(passwd_file(call.act))


OPERATIONS = (
    look_up,
    attest,
    retire,
    bind,
    link,
    suggest_links,
    mail_removed,
    issue_mail_password,
    revoke_mail_password,
    mail_passwords,
)


def _maybe(one: Link) -> MaybeOne:
    mail, device = f"{one.mail.names[0].kind}:{one.mail.names[0].value}", f"#{one.managed.ordinal}"
    other = "" if one.mail.ordinal is None else f"#{one.mail.ordinal}"
    command = f"device link '{device}' '{other}'"
    if not other:
        first = next(name for name in one.managed.names)
        command = f"device bind {first.kind}:{first.value} {mail}"
    return MaybeOne(
        one.managed.login, mail, device, one.managed.model, one.likely.name.lower(), one.why, other, f"countermand {command}"
    )


def _app(text: str) -> App:
    platform, _, app_id = text.partition(":")
    if platform not in set(Platform) or not app_id:
        raise Refused("app-form", Where(field="--app"), app=text)
    return App(Platform(platform), app_id)


def _identity(text: str) -> Identity:
    kind, _, value = text.partition(":")
    if kind not in set(IdentityKind) or not value:
        raise Refused("identity-form", identity=text, known=", ".join(IdentityKind))
    return Identity(IdentityKind(kind), value)
