"""The API under requests made from its own document: whatever is sent, the answer is one that the document names.

Schemathesis makes the requests (proper ones and broken ones) and holds each answer against status, kind and form.
"""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
import schemathesis
from api_house import ROLES, fresh
from hypothesis import HealthCheck, settings
from schemathesis import Case, CheckContext, Response
from schemathesis.checks import CHECKS

from countermand.access import Role
from countermand.config import Config, standard
from countermand.flows.accounts import First, init
from countermand.web.api.openapi import document
from served import Served

SCHEMA = schemathesis.openapi.from_dict(document())
#: What an answer may break. That wrong requests are refused with a code of our own is tested where the codes are.
HELD = [
    CHECKS.get_one(name)
    for name in (
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
        "response_headers_conformance",
    )
]
_REJECTED = CHECKS.get_one("negative_data_rejection")


def rejected_if_it_was_sent(context: CheckContext, response: Response, case: Case) -> bool | None:
    """What is wrong is refused, unless it was lost on the way: a list of none or one has no form of its own in a query."""
    sent = {name for name, _ in parse_qsl(urlsplit(response.request.url or "").query, keep_blank_values=True)}
    for name, value in (case.query or {}).items():
        if name not in sent or (isinstance(value, list) and len(value) < 2):
            return None
    return _REJECTED(context, response, case)


CHECKED = [*HELD, rejected_if_it_was_sent]


@pytest.fixture(scope="module")
def asked(_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address of a served house, and a token that may all."""
    from countermand.store.setup import close_store, open_store

    folder = tmp_path_factory.mktemp("contract")
    shutil.copyfile(_template, folder / "countermand.sqlite3")
    house: Config = replace(standard(fresh(folder / "state")), database=folder / "countermand.sqlite3")
    open_store(house.database)
    made = init(house, [First("all", frozenset(ROLES)), First("bo", frozenset({Role.APPROVER}))])
    served = Served()
    served.serve(house)
    yield served.url, made.tokens["all"]
    served.end()
    open_store(_template)
    close_store()


@SCHEMA.parametrize()
@settings(max_examples=12, suppress_health_check=list(HealthCheck), deadline=None)
def test_no_answer_breaks_the_document(case: Case, asked: tuple[str, str]) -> None:
    url, token = asked
    case.call_and_validate(
        base_url=url, headers={"Authorization": f"Bearer {token}"}, checks=[*HELD, rejected_if_it_was_sent], timeout=30
    )
