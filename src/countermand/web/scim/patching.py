"""PATCH of a group without reading its members, of whom there may be very many: operations become what joins and leaves."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from scim2_models import InvalidPathException, InvalidValueException, MutabilityException, NoTargetException, ScimFilter

from countermand.flows.provision_groups import Change
from countermand.people import scim

#: ``members[value eq "12"]``, which is what directories send; any other filter is asked of every member.
_ONE = re.compile(r'\s*value\s+eq\s+"([^"\\]*)"\s*', re.IGNORECASE)
_PATH = re.compile(r"(?:urn:ietf:params:scim:schemas:core:2\.0:Group:)?(\w+)(?:\[(.*)\])?(?:\.(\w+))?", re.IGNORECASE | re.DOTALL)

Members = Callable[[], list[str]]


@dataclass
class _Result:
    """What the operations so far come to."""

    members: Members
    name: str | None = None
    external: str | None = None
    add: set[str] = field(default_factory=set)
    remove: set[str] = field(default_factory=set)
    whole: bool = False

    def join(self, ids: set[str]) -> None:
        self.add |= ids
        self.remove -= ids

    def leave(self, ids: set[str]) -> None:
        self.remove |= ids
        self.add -= ids

    def empty(self) -> None:
        self.whole, self.add, self.remove = True, set(), set()

    def now(self) -> set[str]:
        """Who is a member after the operations so far."""
        return (set() if self.whole else set(self.members())) - self.remove | self.add


def change_of(operations: list[dict[str, Any]], members: Members) -> Change:
    """What the operations, already checked against the schema, make of a group. ``members`` reads the ids of those it has."""
    result = _Result(members)
    for one in operations:
        op, path, value = str(one["op"]).lower(), one.get("path"), one.get("value")
        if path is None:
            for key, item in (value or {}).items():
                _apply(result, op, str(key), item)
        else:
            _apply(result, op, str(path), value)
    return Change(result.name, result.external, frozenset(result.add), frozenset(result.remove), result.whole)


def _apply(result: _Result, op: str, path: str, value: Any) -> None:
    found = _PATH.fullmatch(path.strip())
    name, within, sub = (found[1].lower(), found[2], found[3]) if found else ("", None, None)
    if name == "members":
        _members(result, op, within, sub, value)
    elif within is not None or sub is not None:
        raise InvalidPathException(path=path)
    elif name == "displayname":
        if op == "remove" or not isinstance(value, str) or not value.strip():
            raise MutabilityException(attribute="displayName", detail="displayName is required")
        result.name = value.strip()
        scim.check_name(result.name)
    elif name == "externalid":
        result.external = "" if op == "remove" or value is None else str(value)
    elif name in ("id", "meta", "schemas"):
        raise MutabilityException(attribute=name, detail=f"{name} is read-only")


def _members(result: _Result, op: str, within: str | None, sub: str | None, value: Any) -> None:
    if sub is not None:
        raise MutabilityException(attribute=f"members.{sub}", detail="a member is replaced as a whole")
    if within is not None:
        chosen = _chosen(result, within)
        if op != "remove":
            if not chosen:
                raise NoTargetException(detail="no member matches the path filter")
            raise MutabilityException(attribute="members", detail="a member is added or removed as a whole")
        result.leave(chosen)
    elif op == "remove":
        result.empty() if value is None else result.leave(_ids(value))
    else:
        if op == "replace":
            result.empty()
        result.join(_ids(value or []))


def _chosen(result: _Result, within: str) -> set[str]:
    if one := _ONE.fullmatch(within):
        return {one[1]}
    wanted = ScimFilter[scim.Group](f"members[{within}]")
    found = set()
    for number in result.now():
        kind = "Group" if number.startswith("g") else "User"
        if wanted.match(scim.Group(display_name="-", members=[scim.Member.model_validate({"value": number, "type": kind})])):
            found.add(number)
    return found


def _ids(value: Any) -> set[str]:
    found = set()
    for one in value if isinstance(value, list) else [value]:
        said = one.get("value") or str(one.get("$ref") or "").rstrip("/").rpartition("/")[2] if isinstance(one, dict) else one
        if not isinstance(said, str) or not said:
            raise InvalidValueException(detail="a member is named by its id, as value")
        found.add(said)
    return found
