"""What directories send beside the letter of the standard, made into what it says. Pure: a payload in, a payload out.

Microsoft Entra writes ``"True"`` for true, capitals in ``op``, a manager as a bare id, names of attributes as keys of one value
without a path, and the members to remove as a value. Okta repeats the resource's own id in a replacement of its attributes, and
sends one member as an object where a list is meant. What scim2-models understands by itself (``people.scim.POLICY``) is left
to it.
"""

from collections.abc import Mapping
from typing import Any

_PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
_ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
#: The service's own, which a client may send back and never change.
_OURS = frozenset({"id", "meta", "schemas"})
_LISTS = frozenset({"members", "emails", "addresses"})


def resource(said: Mapping[str, Any], schema: str) -> dict[str, Any]:
    """A whole resource, to be made or to replace another."""
    made = {key: _value(key, value) for key, value in said.items() if key.lower() not in ("id", "meta", "groups")}
    given = made.get("schemas")
    made["schemas"] = given if isinstance(given, list) and given else [schema]
    if schema not in made["schemas"]:
        made["schemas"] = [schema, *made["schemas"]]
    return made


def patch(said: Mapping[str, Any]) -> dict[str, Any]:
    """The operations of a PATCH."""
    keys = {str(key).lower(): key for key in said}
    operations = said.get(keys.get("operations", ""), None)
    if not isinstance(operations, list):
        return {"schemas": [_PATCH], "Operations": operations}
    return {"schemas": [_PATCH], "Operations": [made for one in operations for made in _operations(one)]}


def _operations(said: Any) -> list[Any]:
    """The operation; and beside it one for each key of its value that chooses an entry by a filter, which has to be a path."""
    if not isinstance(said, Mapping):
        return [said]
    made = _operation(said)
    value = made.get("value")
    if "path" in made or not isinstance(value, dict):
        return [made]
    chosen = {key: item for key, item in value.items() if "[" in key}
    made["value"] = {key: item for key, item in value.items() if key not in chosen}
    first = [made] if made["value"] or not chosen else []
    return first + [{**made, "path": key, "value": item} for key, item in chosen.items()]


def _operation(said: Mapping[str, Any]) -> dict[str, Any]:
    made = {str(key).lower(): value for key, value in said.items()}
    path = made.get("path")
    if path in ("", None):
        made.pop("path", None)
        if isinstance(made.get("value"), Mapping):
            made["value"] = {key: _value(key, value) for key, value in made["value"].items() if key.lower() not in _OURS}
    elif "value" in made:
        made["value"] = _value(str(path), made["value"])
    if str(made.get("op")).lower() == "remove" and made.get("value") in (None, "", []):
        made.pop("value", None)
    return made


def _value(path: str, value: Any) -> Any:
    """The value of an attribute by its path, or by its key."""
    name = path.rpartition(":")[2].lower()
    if path == _ENTERPRISE and isinstance(value, Mapping):
        return {key: _value(key, item) for key, item in value.items()}
    if name == "manager":
        return _manager(value)
    if name == "active" and isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower(), value)
    if name in _LISTS:
        return [_entry(one) for one in (value if isinstance(value, list) else [value])] if value is not None else None
    return value


def _manager(value: Any) -> Any:
    """One manager, however it is written: an id, an object, a list of one."""
    one = value[0] if isinstance(value, list) and len(value) == 1 else value
    if one in ("", [], {}):
        return None
    if isinstance(one, str):
        return {"value": one}
    return _entry(one)


def _entry(value: Any) -> Any:
    """An entry without the keys that say nothing."""
    if isinstance(value, str):
        return {"value": value}
    return {key: item for key, item in value.items() if item is not None} if isinstance(value, Mapping) else value
