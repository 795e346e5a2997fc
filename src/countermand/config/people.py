"""The sections of the configuration that say where people come from."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from countermand.config.values import DURATION, FILE, FLAG, TEXT, Reader, among, secret


@dataclass(frozen=True, slots=True)
class Scim:
    """``login``: what a directory that provisions people says of the login: its userName, that without its domain
    (``userName-local``), the mail address, or the externalId."""

    login: str = "userName"


@dataclass(frozen=True, slots=True)
class Names:
    """Which attribute says what; '' for what none says. ``key``: what stays when everything else about somebody changes."""

    login: str = "uid"
    email: str = "mail"
    name: str = "displayName"
    zone: str = ""
    language: str = "preferredLanguage"
    country: str = "c"
    employment: str = "employeeType"
    manager: str = "manager"
    key: str = "entryUUID"
    group: str = "cn"
    member: str = "member"

    @property
    def of_people(self) -> list[str]:
        named = (
            self.login,
            self.email,
            self.name,
            self.zone,
            self.language,
            self.country,
            self.employment,
            self.manager,
            self.key,
        )
        return [*dict.fromkeys(name for name in named if name), "cn"]

    @property
    def of_groups(self) -> list[str]:
        return [self.group, self.member]


@dataclass(frozen=True, slots=True)
class Ldap(Names):
    """A directory that is read; ``url`` '' for none. ``people`` and ``groups`` are filters, under ``base``
    (``groups_base``). ``every``: how often the worker reads it, 0 for never."""

    url: str = ""
    bind_dn: str = ""
    password_file: Path | None = None
    starttls: bool = True
    ca_file: Path | None = None
    base: str = ""
    groups_base: str = ""
    people: str = "(objectClass=inetOrgPerson)"
    groups: str = "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=group)(objectClass=posixGroup))"
    every: int = 0

    @property
    def password(self) -> str:
        """The secret itself, read when it is needed and kept nowhere; '' without a file."""
        return "" if self.password_file is None else secret("ldap.password_file", self.password_file)


#: The keys of each section.
SCIM: Mapping[str, Reader] = {"login": among("userName", "userName-local", "email", "externalId")}
_TEXTS = (
    "url", "bind_dn", "base", "groups_base", "people", "groups", "login", "email", "name", "zone", "language", "country",
    "employment", "manager", "key", "group", "member",
)  # fmt: skip
LDAP: Mapping[str, Reader] = {
    **dict.fromkeys(_TEXTS, TEXT),
    "password_file": FILE,
    "starttls": FLAG,
    "ca_file": FILE,
    "every": DURATION,
}
