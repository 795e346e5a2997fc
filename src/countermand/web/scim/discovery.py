"""What the service says of itself: its capabilities, its schemas, its kinds of resources."""

from functools import cache
from typing import Any

from scim2_models import (
    AuthenticationScheme,
    Bulk,
    ChangePassword,
    Context,
    ETag,
    Filter,
    Meta,
    Patch,
    Resource,
    ResourceType,
    Schema,
    ScimProvider,
    ServiceProviderConfig,
    Sort,
)

from countermand.people.scim import POLICY, EnterpriseUser, FullUser, Group, User

#: Resources of one answer: where nobody says how many, and at most.
USUAL, MOST = 100, 500

_ENDPOINTS = {"/ServiceProviderConfig": ServiceProviderConfig, "/Schemas": Schema, "/ResourceTypes": ResourceType}


@cache
def provider() -> ScimProvider:
    """The service as a value."""
    return ScimProvider(
        models=[User, EnterpriseUser, Group],
        resource_types=[ResourceType.from_resource(FullUser), ResourceType.from_resource(Group)],
        config=ServiceProviderConfig(
            patch=Patch(supported=True),
            bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
            filter=Filter(supported=True, max_results=MOST),
            change_password=ChangePassword(supported=False),
            sort=Sort(supported=False),
            etag=ETag(supported=True),
            authentication_schemes=[
                AuthenticationScheme(
                    type=AuthenticationScheme.Type.oauthbearertoken,
                    name="Bearer token",
                    description="A token of an account, narrowed to the scope scim: countermand token add NAME --scope scim",
                    primary=True,
                )
            ],
        ),
        policy=POLICY,
    )


def is_discovery(path: str) -> bool:
    """Whether this address says something of the service itself."""
    return any(path == endpoint or path.startswith(f"{endpoint}/") for endpoint in _ENDPOINTS)


def discovered(path: str, root: str) -> dict[str, Any] | None:
    """The answer at such an address; None if there is nothing at it."""
    head, _, number = path.lstrip("/").partition("/")
    endpoint = f"/{head}"
    if endpoint == "/ServiceProviderConfig":
        return None if number else _said(_config(), "ServiceProviderConfig", f"{root}{endpoint}")
    found: dict[str, Resource[Any]]
    if endpoint == "/Schemas":
        described = [*provider().schemas, *(model.to_schema() for model in (ServiceProviderConfig, ResourceType, Schema))]
        found = {str(one.id): one for one in described}
    else:
        found = {str(one.name): one for one in provider().resource_types}
    kind = "Schema" if endpoint == "/Schemas" else "ResourceType"
    if number:
        return _said(found[number], kind, f"{root}{endpoint}/{number}") if number in found else None
    every = [_said(one, kind, f"{root}{endpoint}/{name}") for name, one in found.items()]
    return listed(len(every), 1, every)


def listed(total: int, start: int, resources: list[dict[str, Any]]) -> dict[str, Any]:
    """A page of resources."""
    return {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": total,
        "startIndex": start,
        "itemsPerPage": len(resources),
        "Resources": resources,
    }


def _config() -> ServiceProviderConfig:
    found = provider().config
    if found is None:
        raise AssertionError
    return found


def _said(one: Resource[Any], kind: str, location: str) -> dict[str, Any]:
    shown = one.model_copy(update={"meta": Meta(resource_type=kind, location=location)})
    said: dict[str, Any] = shown.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE)
    return said
