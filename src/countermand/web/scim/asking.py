"""What a request asks to see: filters, pages, and which attributes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scim2_models import Resource, SearchRequest
from scim2_models.path import CompareOperator, Comparison, FilterNode, LogicalExpr, LogicalOperator, ValuePath

from countermand.people.scim import Group
from countermand.reads.provisioned import Asked
from countermand.web.scim.discovery import MOST, USUAL

#: attribute → what an index finds it by.
_OF_USERS = {"username": "login", "externalid": "external", "id": "id"}
_OF_GROUPS = {"displayname": "name", "externalid": "external", "id": "id", "members": "member"}


@dataclass(frozen=True, slots=True)
class Query:
    """``shown``: which attributes to give; ``members``: whether anybody wants a group's."""

    asked: Asked
    start: int
    shown: Any
    members: bool


def query(model: type[Resource[Any]], said: Mapping[str, Any]) -> Query:
    """A query string, or the body of ``/.search``. Raises pydantic's ValidationError."""
    wanted = {key: value for key, value in said.items() if key in _KNOWN}
    generic: Any = SearchRequest
    request = generic[model].model_validate(wanted)
    count = min(USUAL if request.count is None else request.count, MOST)
    start = request.start_index or 1
    found = request.filter
    indexed = _OF_GROUPS if model is Group else _OF_USERS
    by = None if found is None else _indexed(found.ast, indexed)
    asked = Asked(by, None if found is None else found.match, start - 1, count)
    return Query(asked, start, request, members(request, found))


_KNOWN = frozenset({"schemas", "filter", "startIndex", "count", "attributes", "excludedAttributes"})


def members(request: Any, found: Any = None) -> bool:
    """Whether a group's members have to be read."""
    if found is not None and "members" in str(found).lower():
        return True
    if request.attributes:
        return any(_named(path, "members") for path in request.attributes)
    return not any(_named(path, "members") for path in request.excluded_attributes or ())


def _named(path: Any, name: str) -> bool:
    return str(path).lower().rpartition(":")[2].partition(".")[0] == name


def _indexed(node: FilterNode, indexed: Mapping[str, str]) -> tuple[str, str] | None:
    """(column, value) of a comparison that every resource meant has to meet, if an index knows the column."""
    if isinstance(node, LogicalExpr) and node.op == LogicalOperator.and_:
        return next((by for term in node.terms if (by := _indexed(term, indexed)) is not None), None)
    if isinstance(node, ValuePath) and isinstance(node.val_filter, Comparison) and node.attr_path.attr.lower() == "members":
        inner = node.val_filter
        if inner.attr_path.attr.lower() == "value" and inner.op == CompareOperator.eq and "members" in indexed:
            return indexed["members"], str(inner.value)
        return None
    if not isinstance(node, Comparison) or node.op != CompareOperator.eq or not isinstance(node.value, str):
        return None
    attribute, sub = node.attr_path.attr.lower(), (node.attr_path.sub_attr or "").lower()
    if attribute not in indexed or (sub and (attribute, sub) != ("members", "value")):
        return None
    return indexed[attribute], node.value
