"""Requests about people and groups: what is asked becomes a read or a flow, and its result a resource."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from scim2_models import Context, PatchOp, Resource, ResponseParameters

from countermand.access import Act
from countermand.config import Holdbacks
from countermand.core.errors import Refused
from countermand.flows import provision, provision_groups
from countermand.flows.provision import Wanted
from countermand.flows.provision_groups import Change
from countermand.people import scim
from countermand.people.scim import POLICY, FullUser, Group
from countermand.reads import provisioned
from countermand.reads.provisioned import Entry, Root
from countermand.web.scim import quirks
from countermand.web.scim.asking import Query, members
from countermand.web.scim.patching import change_of


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks, and under which conditions. ``match``: the versions of If-Match, None if it was not sent."""

    act: Act
    hold: Holdbacks
    root: Root
    said: Mapping[str, Any]
    query: Mapping[str, str]
    match: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Given:
    """An answer: its status, its body if it has one, its version and, for what was just made, its address."""

    status: int
    body: Mapping[str, Any] | None = None
    version: str = ""
    location: str = ""


class Kind(Protocol):
    """What the service does with one kind of resource."""

    model: type[Resource[Any]]

    def get(self, asking: Asking, number: str) -> Given: ...
    def search(self, asking: Asking, query: Query) -> tuple[int, list[dict[str, Any]]]: ...
    def make(self, asking: Asking) -> Given: ...
    def replace(self, asking: Asking, number: str) -> Given: ...
    def patch(self, asking: Asking, number: str) -> Given: ...
    def remove(self, asking: Asking, number: str) -> Given: ...


class People:
    """/Users."""

    model: type[Resource[Any]] = FullUser

    def get(self, asking: Asking, number: str) -> Given:
        return _given(200, provisioned.person(asking.act, number, asking.root), asking, Context.RESOURCE_QUERY_RESPONSE)

    def search(self, asking: Asking, query: Query) -> tuple[int, list[dict[str, Any]]]:
        total, found = provisioned.people(asking.act, query.asked, asking.root)
        return total, [written(one, query.shown, Context.RESOURCE_QUERY_RESPONSE) for one in found]

    def make(self, asking: Asking) -> Given:
        user = _read(FullUser, asking.said, Context.RESOURCE_CREATION_REQUEST)
        made = provision.add_person(asking.act, _wanted(user, asking.root))
        return _given(201, provisioned.of_entry(made, asking.root), asking, Context.RESOURCE_CREATION_RESPONSE)

    def replace(self, asking: Asking, number: str) -> Given:
        user = _read(FullUser, asking.said, Context.RESOURCE_REPLACEMENT_REQUEST)

        def edit(was: Entry) -> Wanted:
            _hold_to(asking, provisioned.of_entry(was, asking.root))
            return _wanted(user, asking.root)

        made = provision.change_person(asking.act, number, edit, asking.hold)
        return _given(200, provisioned.of_entry(made, asking.root), asking, Context.RESOURCE_REPLACEMENT_RESPONSE)

    def patch(self, asking: Asking, number: str) -> Given:
        operations = PatchOp[FullUser].model_validate(
            quirks.patch(asking.said), scim_ctx=Context.RESOURCE_PATCH_REQUEST, scim_policy=POLICY
        )

        def edit(was: Entry) -> Wanted | None:
            now = provisioned.of_entry(was, asking.root)
            _hold_to(asking, now)
            changed = operations.patch(now, scim_policy=POLICY)
            return _wanted(now, asking.root) if changed else None

        made = provision.change_person(asking.act, number, edit, asking.hold)
        return _given(200, provisioned.of_entry(made, asking.root), asking, Context.RESOURCE_PATCH_RESPONSE)

    def remove(self, asking: Asking, number: str) -> Given:
        check = lambda was: _hold_to(asking, provisioned.of_entry(was, asking.root))  # noqa: E731
        provision.remove_person(asking.act, number, asking.hold, check)
        return Given(204)


class Groups:
    """/Groups."""

    model: type[Resource[Any]] = Group

    def get(self, asking: Asking, number: str) -> Given:
        wanted = members(_parameters(Group, asking))
        found = provisioned.group(asking.act, number, asking.root, members=wanted)
        return _given(200, found, asking, Context.RESOURCE_QUERY_RESPONSE)

    def search(self, asking: Asking, query: Query) -> tuple[int, list[dict[str, Any]]]:
        total, found = provisioned.groups(asking.act, query.asked, asking.root, members=query.members)
        return total, [written(one, query.shown, Context.RESOURCE_QUERY_RESPONSE) for one in found]

    def make(self, asking: Asking) -> Given:
        group = _read(Group, asking.said, Context.RESOURCE_CREATION_REQUEST)
        made = provision_groups.add_group(asking.act, _change(group))
        return _given(201, provisioned.of_group(made, asking.root), asking, Context.RESOURCE_CREATION_RESPONSE)

    def replace(self, asking: Asking, number: str) -> Given:
        group = _read(Group, asking.said, Context.RESOURCE_REPLACEMENT_REQUEST)

        def edit(was: provisioned.Group, ids: Callable[[], list[str]]) -> Change:
            _hold_group_to(asking, was)
            return _change(group)

        made = provision_groups.change_group(asking.act, number, edit, asking.hold)
        return _given(200, provisioned.of_group(made, asking.root), asking, Context.RESOURCE_REPLACEMENT_RESPONSE)

    def patch(self, asking: Asking, number: str) -> Given:
        """Without a body, unless attributes are asked for: a group may have a hundred thousand members."""
        said = quirks.patch(asking.said)
        PatchOp[Group].model_validate(said, scim_ctx=Context.RESOURCE_PATCH_REQUEST, scim_policy=POLICY)

        def edit(was: provisioned.Group, ids: Callable[[], list[str]]) -> Change:
            _hold_group_to(asking, was)
            return change_of(said["Operations"], ids)

        made = provision_groups.change_group(asking.act, number, edit, asking.hold)
        if "attributes" not in asking.query and "excludedAttributes" not in asking.query:
            return Given(204)
        found = provisioned.of_group(made, asking.root, members=members(_parameters(Group, asking)))
        return _given(200, found, asking, Context.RESOURCE_PATCH_RESPONSE)

    def remove(self, asking: Asking, number: str) -> Given:
        provision_groups.remove_group(asking.act, number, asking.hold, lambda was: _hold_group_to(asking, was))
        return Given(204)


def _read(model: Any, said: Mapping[str, Any], context: Context) -> Any:
    payload = quirks.resource(said, str(model.__schema__))
    return model.model_validate(payload, scim_ctx=context, scim_policy=POLICY)


def _wanted(user: Any, root: Root) -> Wanted:
    return Wanted(scim.describe(user, root.login_from), scim.kept(user))


def _change(group: Group) -> Change:
    ids = {str(one.value or str(one.ref or "").rstrip("/").rpartition("/")[2]) for one in group.members or ()}
    name = (group.display_name or "").strip()
    scim.check_name(name)
    return Change(name, group.external_id or "", frozenset(ids - {""}), whole=True)


def _parameters(model: Any, asking: Asking) -> Any:
    wanted = {key: asking.query[key] for key in ("attributes", "excludedAttributes") if key in asking.query}
    generic: Any = ResponseParameters
    return generic[model].model_validate(wanted)


def written(resource: Resource[Any], shown: Any, context: Context) -> dict[str, Any]:
    """A resource as it is answered, ``shown`` being which attributes are asked for or left out. Where nobody says, all of them
    are given (none of ours is kept back), and to ask of each whether it is would take four times as long."""
    if not (shown.attributes or shown.excluded_attributes):
        context, shown = Context.DEFAULT, None
    found: dict[str, Any] = resource.model_dump(scim_ctx=context, response_parameters=shown)
    return found


def _given(status: int, resource: Resource[Any], asking: Asking, context: Context) -> Given:
    body = written(resource, _parameters(type(resource), asking), context)
    meta = resource.meta
    version, location = (meta.version or "", meta.location or "") if meta else ("", "")
    return Given(status, body, version, location if status == 201 else "")


def _hold_to(asking: Asking, now: Resource[Any]) -> None:
    """Refused ``scim-version`` if whoever asks has seen another version."""
    version = now.meta.version if now.meta else None
    if asking.match is not None and "*" not in asking.match and version not in asking.match:
        raise Refused("scim-version")


def _hold_group_to(asking: Asking, was: provisioned.Group) -> None:
    if asking.match is not None:
        _hold_to(asking, provisioned.of_group(was, asking.root))
