"""People and groups as SCIM 2.0 speaks of them (RFC 7643): what of it is kept, and which person it describes.

PRIVACY: what is not declared here (telephone numbers, photographs, streets, titles, passwords) is dropped before it is stored.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Any, Literal, Union

from pydantic import Field
from scim2_models import (
    URN,
    CaseExact,
    ComplexAttribute,
    Extension,
    Meta,
    Mutability,
    Reference,
    Required,
    Resource,
    ScimPolicy,
    Uniqueness,
)
from scim2_models.resources.resource import AnyExtension

from countermand.core.errors import Refused
from countermand.core.instants import Instant
from countermand.core.people import Person, normal_login
from countermand.core.table import FIELD
from countermand.people import csv, places

#: What directories do beside the letter of the standard, and what is therefore understood.
POLICY = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)


class Name(ComplexAttribute):
    formatted: str | None = None
    """The whole name, as a notice addresses the person."""

    family_name: str | None = None
    """The family name."""

    given_name: str | None = None
    """The given name."""


class Email(ComplexAttribute):
    value: str | None = None
    """The address."""

    type: str | None = Field(None, examples=["work", "home", "other"])
    """What the address is for."""

    primary: bool | None = None
    """Whether notices go there."""


class Address(ComplexAttribute):
    country: str | None = None
    """Two letters of ISO 3166-1, or the name of the country."""

    type: str | None = Field(None, examples=["work", "home", "other"])
    """What the address is for."""

    primary: bool | None = None
    """Whether the person works there."""


class Membership(ComplexAttribute):
    value: Annotated[str | None, Mutability.read_only] = None
    """The group's id."""

    ref: Annotated[Reference["Group"] | None, Mutability.read_only] = Field(
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    """The group's address."""

    display: Annotated[str | None, Mutability.read_only] = None
    """The group's name."""


class User(Resource[AnyExtension]):
    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:User")

    user_name: Annotated[str | None, Required.true, Uniqueness.server] = None
    """The name the person signs in to mail with."""

    name: Name | None = None
    """The parts of the name."""

    display_name: str | None = None
    """As a notice addresses the person."""

    user_type: str | None = None
    """How the person is employed: employee, contractor or whatever it is called."""

    preferred_language: str | None = None
    """The language of notices to the person."""

    locale: str | None = None
    """The language of notices, where no preferred one is given."""

    timezone: str | None = None
    """The IANA time zone in which dues are told."""

    active: bool | None = None
    """False: the person has left."""

    emails: list[Email] | None = None
    """Where notices go: the primary address, else that of work, else the first."""

    addresses: list[Address] | None = None
    """Where the person works; nothing but the country is kept."""

    groups: Annotated[list[Membership] | None, Mutability.read_only] = None
    """The groups that the person is in directly."""


class Manager(ComplexAttribute):
    value: Annotated[str | None, CaseExact.true] = None
    """The id of the manager."""

    ref: Reference["User"] | None = Field(  # type: ignore[type-arg]
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    """The address of the manager."""

    display_name: Annotated[str | None, Mutability.read_only] = None
    """The manager's name."""


class EnterpriseUser(Extension):
    __schema__ = URN("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User")

    manager: Manager | None = None
    """The person's manager."""


class Member(ComplexAttribute):
    value: Annotated[str | None, Mutability.immutable, CaseExact.true] = None
    """The id of a person or of a group."""

    ref: Annotated[Reference[Union["User", "Group"]] | None, Mutability.immutable] = Field(  # type: ignore[type-arg]
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    """The address of the member."""

    type: Annotated[str | None, Mutability.immutable] = Field(None, examples=["User", "Group"])
    """User or Group."""

    display: Annotated[str | None, Mutability.read_only] = None
    """The member's name."""


class Group(Resource[Any]):
    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:Group")

    display_name: Annotated[str | None, Required.true, Uniqueness.server] = None
    """The name by which directives call the group."""

    members: list[Member] | None = None
    """People and groups that are in it directly."""


FullUser = User[EnterpriseUser]


@dataclass(frozen=True, slots=True)
class Said:
    """The person that a resource describes. ``manager`` is an id here; ``user_name`` is spelled as logins are."""

    login: str
    user_name: str
    email: str
    name: str
    zone: str
    locale: str
    country: str
    employment: str
    manager: str
    active: bool
    external: str

    def person(self, groups: frozenset[str], manager: str) -> Person:
        return Person(self.login, self.email, self.name, self.zone, self.locale, self.country, self.employment, groups, manager)


LoginFrom = str  # as config.Scim


def describe(user: Any, login_from: LoginFrom = "userName") -> Said:
    """The person; what cannot be understood as a zone, a language or a country counts as not said. Refused ``scim-value`` for
    what nothing sensible can be made of."""
    for where, text in _texts(user.model_dump(exclude={"groups", "meta"})):
        if len(text) > FIELD or not text.isprintable():
            raise Refused(
                "scim-value", name=where, why=f"it is longer than {FIELD} characters or holds one that cannot be printed"
            )
    return _described(user, login_from)


def _described(user: Any, login_from: LoginFrom) -> Said:
    """The same of one whose texts were looked over when it was written."""
    email = _chosen(user.emails or (), "value")
    if email and not csv.EMAIL.fullmatch(email):
        raise Refused("scim-value", name="emails", why="it is no mail address")
    manager = user[EnterpriseUser].manager if user[EnterpriseUser] else None
    return Said(
        login=_login(user, email, login_from),
        user_name=normal_login(user.user_name or ""),
        email=email,
        name=_name(user),
        zone=places.zone(user.timezone or ""),
        locale=places.locale(user.preferred_language or "") or places.locale(user.locale or ""),
        country=places.country(_chosen(user.addresses or (), "country")),
        employment=(user.user_type or "").strip() or "employee",
        manager=(manager.value or _last(manager.ref)) if manager else "",
        active=user.active is not False,
        external=user.external_id or "",
    )


def check_name(name: str) -> None:
    """Refused ``scim-value`` for what no group can be called."""
    if not name or len(name) > FIELD or not name.isprintable() or ";" in name:
        raise Refused("scim-value", name="displayName", why=f"a group has a name of 1 to {FIELD} characters without a semicolon")


def _login(user: Any, email: str, login_from: LoginFrom) -> str:
    said = {"email": email, "externalId": user.external_id}.get(login_from, user.user_name) or ""
    login = normal_login(said.partition("@")[0] if login_from == "userName-local" else said)
    if not login or any(mark.isspace() for mark in login):
        raise Refused("scim-value", name="userName", why="no login follows from it")
    return login


def _texts(value: Any, where: str = "") -> Iterable[tuple[str, str]]:
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(item, where or str(key))
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, where)


def _chosen(entries: Sequence[Any], field: str) -> str:
    """Of several values the primary one, else that of work, else the first that says anything."""
    filled = [one for one in entries if getattr(one, field)]
    best = next((one for one in filled if one.primary), None) or next((one for one in filled if one.type == "work"), None)
    return str(getattr(best or filled[0], field)).strip() if filled else ""


def _name(user: Any) -> str:
    if user.display_name:
        return str(user.display_name).strip()
    if user.name is None:
        return ""
    parts = (user.name.given_name, user.name.family_name)
    return (user.name.formatted or " ".join(part for part in parts if part)).strip()


def _last(ref: object) -> str:
    return str(ref).rstrip("/").rpartition("/")[2] if ref else ""


# -- back: from a person to the resource --


@dataclass(frozen=True, slots=True)
class Shown:
    """What a resource of a person is made from. ``manager``: (id, name) of whoever is the manager, None if nobody here is;
    ``groups``: (id, name) of each."""

    id: str
    person: Person
    active: bool
    said: str
    manager: tuple[str, str] | None
    groups: tuple[tuple[str, str], ...]
    created: Instant
    modified: Instant


def user(shown: Shown, root: str, login_from: LoginFrom = "userName") -> Any:
    """The resource: what was said of the person, but for what is known otherwise since (a file, an operator)."""
    said = FullUser.model_validate_json(shown.said, scim_policy=POLICY) if shown.said else FullUser(user_name=shown.person.login)
    if shown.manager is not None:
        number, name = shown.manager
        said[EnterpriseUser] = EnterpriseUser(
            manager=Manager(value=number, ref=Reference(f"{root}/Users/{number}"), display_name=name or None)
        )
    groups = [Membership(value=number, ref=Reference(f"{root}/Groups/{number}"), display=name) for number, name in shown.groups]
    meta = _meta("User", f"{root}/Users/{shown.id}", shown.created, shown.modified)
    # All of it is made from these, and to write a resource down for its version takes as long as to answer it. Names of groups
    # stand in the person as a set, which has no order.
    made_from = replace(shown, person=replace(shown.person, groups=frozenset()), created=0, modified=0)
    meta.version = version(repr((made_from, root, login_from)))
    # Changed all at once: one after the other, each would have the whole resource validated.
    changes = {**_corrections(said, shown, login_from), "groups": groups or None, "id": shown.id, "meta": meta}
    return said.model_copy(update=changes)


def _corrections(said: Any, shown: Shown, login_from: LoginFrom) -> dict[str, Any]:
    """The attributes that are known otherwise than was said."""
    person = shown.person
    try:
        known: Said | None = _described(said, login_from)
    except Refused:
        known = None
    found: dict[str, Any] = {}
    if known is None or known.login != person.login:
        found["user_name"] = person.login
    if known is None or known.email != person.email:
        found["emails"] = [Email(value=person.email, type="work", primary=True)] if person.email else None
    if known is None or known.name != person.name:
        found["display_name"] = person.name or None
    if known is None or known.zone != person.zone:
        found["timezone"] = person.zone or None
    if known is None or known.locale != person.locale:
        found["preferred_language"] = person.locale or None
    if known is None or known.country != person.country:
        found["addresses"] = [Address(country=person.country, type="work", primary=True)] if person.country else None
    if known is None or known.employment != person.employment:
        found["user_type"] = person.employment
    if (said.active is not False) != shown.active or not shown.said:
        found["active"] = shown.active
    return found


def kept(user: Any) -> str:
    """A resource as it is stored: what its writer says, and nothing that the product adds."""
    return str(user.model_dump_json(exclude={"groups", "meta", "id"}))


def group(
    number: str, name: str, external: str, times: tuple[Instant, Instant], root: str, members: Sequence[Member] | None
) -> Group:
    """The resource of a group; without ``members`` nothing is said of them, and no version is given."""
    made = Group(id=number, display_name=name, external_id=external or None, members=list(members or ()) or None)
    made.meta = _meta("Group", f"{root}/Groups/{number}", *times)
    if members is not None:
        made.meta.version = version("\n".join([name, external, *(str(one.value) for one in members)]))
    return made


def member(number: str, name: str, kind: Literal["User", "Group"], root: str) -> Member:
    return Member(value=number, ref=Reference(f"{root}/{kind}s/{number}"), type=kind, display=name or None)


def version(text: str) -> str:
    """A weak ETag."""
    return f'W/"{sha256(text.encode()).hexdigest()[:32]}"'


def _meta(kind: str, location: str, created: Instant, modified: Instant) -> Meta:
    return Meta(resource_type=kind, location=location, created=_time(created), last_modified=_time(modified))


def _time(at: Instant) -> datetime | None:
    return datetime.fromtimestamp(at / 1000, UTC) if at else None
