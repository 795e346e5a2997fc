"""The OpenAPI document says everything and nothing else: a client in another language has only this."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from countermand.operations.every import EVERY
from countermand.web.api.openapi import document

STORED = Path(__file__).resolve().parents[2] / "docs" / "openapi.json"


def walk(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from walk(item)
    elif isinstance(value, list):
        for item in value:
            yield from walk(item)


def routes() -> dict[str, dict[str, Any]]:
    return {route["operationId"]: route for methods in document()["paths"].values() for route in methods.values()}


def test_every_operation_is_in_it_and_described() -> None:
    found = routes()
    assert {one.name for one in EVERY} <= set(found)
    assert [name for name, route in found.items() if not route["description"].strip()] == []


def test_every_reference_leads_somewhere() -> None:
    schemas = document()["components"]["schemas"]
    named = {node["$ref"] for node in walk(document()) if isinstance(node.get("$ref"), str)}
    assert {name.rpartition("/")[2] for name in named} <= set(schemas)


def test_every_answer_and_every_body_has_its_form() -> None:
    found = routes()
    for one in EVERY:
        route = found[one.name]
        assert route["responses"]["200"]["content"]["application/json"]["schema"], one.name
        assert "Problem" in json.dumps(route["responses"]["default"]), one.name
        said = {parameter["name"] for parameter in route.get("parameters", ())}
        for content in route.get("requestBody", {}).get("content", {}).values():
            schema = content["schema"]
            schema = document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
            said |= set(schema["properties"])
        assert set(one.parameters) <= said, one.name


def test_no_two_forms_share_a_name() -> None:
    """Schemas are named by their class: two classes of one name would pass for each other."""
    seen: dict[str, Any] = {}
    for one in EVERY:
        for name, schema in TypeAdapter(one.answers).json_schema(mode="serialization").get("$defs", {}).items():
            assert seen.setdefault(name, schema) == schema, name


def test_values_that_are_instants_say_so() -> None:
    text = json.dumps(document()["info"])
    assert "milliseconds since 1970" in text


def test_the_stored_document_is_this_one() -> None:
    assert json.loads(STORED.read_text()) == document()


def test_results_are_values() -> None:
    def plainly(kind: Any) -> bool:
        return not dataclasses.is_dataclass(kind) or kind.__dataclass_params__.frozen

    assert [one.name for one in EVERY if not plainly(one.answers)] == []
