"""The OpenAPI document: what django-ninja knows of the routes, completed by what every route has in common."""

from functools import cache
from typing import Any

from pydantic import TypeAdapter

from countermand.access import TABLE, Role, scope_of
from countermand.operations.every import EVERY
from countermand.operations.operation import Operation
from countermand.web import problems
from countermand.web.api.routes import ROOT, the_api

_REF = "#/components/schemas/{model}"
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key and request again get the first answer; the same key for another request is refused. A key "
    "belongs to one account and one operation, and is remembered for a week.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
}
_EVERYWHERE = {
    "401": "Nobody is named, or by a token that is unknown, revoked or expired.",
    "403": "The account may not, or its token is too narrow.",
    "default": "Refused, with nothing changed: `code` says why.",
}


@cache
def document() -> dict[str, Any]:
    """The whole document, as JSON values."""
    made: dict[str, Any] = dict(the_api().get_openapi_schema(path_prefix=ROOT))
    schemas = made["components"]["schemas"]
    _take_in(schemas, problems.Problem)
    _take_in(schemas, problems.Explanation)
    operations = {one.name: one for one in EVERY}
    for methods in made["paths"].values():
        for route in methods.values():
            _complete(route, operations[route["operationId"]])
    made["paths"][f"{ROOT}/openapi.json"] = {"get": _public("openapi", "This document.", {"type": "object"})}
    explained = _public("explain_problem", "What a problem's code means.", {"$ref": _REF.format(model="Explanation")})
    code = {"name": "code", "in": "path", "required": True, "schema": {"type": "string"}}
    made["paths"][f"{ROOT}/problems/{{code}}"] = {"get": {**explained, "parameters": [code]}}
    made["paths"][f"{ROOT}/sources/{{name}}/events"] = {"post": _hook()}
    made["components"]["securitySchemes"].update(_SOURCE_SCHEMES)
    made["servers"] = []
    whole: dict[str, Any] = _plainly(made)
    return whole


def _complete(route: dict[str, Any], asked: Operation[..., Any]) -> None:
    problem = {"content": {problems.KIND: {"schema": {"$ref": _REF.format(model="Problem")}}}}
    limited = () if asked.action in ("halt", "rescind") else (("429", "Asked too often; `Retry-After` says when to come again."),)
    for status, words in (*_EVERYWHERE.items(), *limited):
        route["responses"][status] = {"description": words, **problem}
    roles = ", ".join(sorted(TABLE[asked.action] - {Role.SYSTEM}))
    route["description"] += f"\n\nRoles: {roles}. Scope of the token: `{scope_of(asked.action)}`."
    route["x-countermand-scope"] = str(scope_of(asked.action))
    if asked.changes and not asked.again:
        route.setdefault("parameters", []).append(_KEY)
    if asked.again and asked.method != "GET":
        route["description"] += " Always evaluated anew; asking twice does no harm."
    body = route.get("requestBody")
    if body and "application/json" in body["content"]:
        schema = body["content"]["application/json"]["schema"]
        if "anyOf" in schema:
            body["content"]["application/json"]["schema"] = schema["anyOf"][0]
            body["required"] = False


_SOURCE_SCHEMES = {
    "SourcePassword": {"type": "http", "scheme": "basic"},
    "SourceSignature": {"type": "apiKey", "in": "header", "name": "X-Hmac-Signature"},
}


def _hook() -> dict[str, Any]:
    """Where sources post: not an operation of a person."""
    words = (
        "An event of a source, as NanoMDM's webhook posts it. It is stored and answered, then taken. The source's secret is the "
        "bearer token or basic password, or signs the body (HMAC-SHA256, hex or base64)."
    )
    problem = {"content": {problems.KIND: {"schema": {"$ref": _REF.format(model="Problem")}}}}
    new = {"type": "object", "required": ["new"], "properties": {"new": {"type": "boolean"}}}
    return {
        "operationId": "post_event",
        "summary": "post event",
        "description": words,
        "tags": ["events"],
        "security": [{"Bearer": []}, {"SourcePassword": []}, {"SourceSignature": []}],
        "parameters": [{"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}],
        "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}},
        "responses": {
            "200": {"description": "Stored; `new` is false for a replay.", "content": {"application/json": {"schema": new}}},
            "default": {"description": "Refused.", **problem},
        },
    }


def _public(name: str, words: str, schema: dict[str, Any]) -> dict[str, Any]:
    answer = {"description": "OK", "content": {"application/json": {"schema": schema}}}
    problem = {"content": {problems.KIND: {"schema": {"$ref": _REF.format(model="Problem")}}}}
    return {
        "operationId": name,
        "summary": name.replace("_", " "),
        "description": words,
        "security": [],
        "responses": {"200": answer, "default": {"description": "Refused.", **problem}},
    }


def _take_in(schemas: dict[str, Any], kind: type) -> None:
    schema = TypeAdapter(kind).json_schema(mode="serialization", ref_template=_REF)
    schemas.update(schema.pop("$defs", {}))
    schemas[kind.__name__] = schema


def _plainly(value: Any) -> Any:
    """Without anything that is not JSON: keys as texts, ninja's own containers as plain ones."""
    if isinstance(value, dict):
        return {str(key): _plainly(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plainly(item) for item in value]
    return value
