"""Requests and refusals over the API: problems, bodies, pages, limits; and what a stranger learns, which is nothing."""

import json
import logging
from dataclasses import replace
from typing import Any

import pytest
from api_house import DOCUMENT, ApiHouse, multipart

from countermand.config import Api
from countermand.core.bucket import Rate
from countermand.core.codes import CODES
from countermand.core.errors import Refused, RefusedMany, Where
from countermand.lib import clock
from countermand.operations.plain import plain
from countermand.reads import operators
from countermand.store import buckets, models
from countermand.store.unit import unit
from countermand.web import problems
from countermand.web.api.door import ApiDoor

ONE_ENGINE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
MEMBERS = {"type", "title", "status", "detail", "code", "where", "problems"}


def problem(answer: Any, status: int, code: str) -> Any:
    assert answer.status == status, answer.body
    assert answer.headers["content-type"] == "application/problem+json"
    found = answer.json
    assert set(found) == MEMBERS
    assert (found["code"], found["status"]) == (code, status)
    assert found["type"].endswith(code)
    return found


class _Anything(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "x"


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_makes_a_problem(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = Refused(code, Where("file", 2, 3, "due"))
    refused.params = _Anything()
    found = plain(problems.problem_of(refused))
    assert set(found) == MEMBERS
    assert 400 <= found["status"] < 600
    assert found["where"] == {"file": "file", "line": 2, "column": 3, "field": "due"}
    assert problems.explained(code).status == found["status"]


def test_many_problems_are_told_together() -> None:
    many = RefusedMany([Refused("csv-empty", Where("a", 1), columns="x"), Refused("csv-nul", Where("a", 2))])
    found = problems.problem_of(many)
    assert [(one.code, one.where.line) for one in found.problems if one.where] == [("csv-empty", 1), ("csv-nul", 2)]


@ONE_ENGINE
def test_a_stranger_learns_nothing(house: ApiHouse) -> None:
    house.ask("author", "POST", "/directives", {"text": DOCUMENT})
    unknown = [house.ask("", "GET", path) for path in ("/directives/no-tiktok/report", "/directives/none/report", "/nothing")]
    assert len({answer.body for answer in unknown}) == 1
    problem(unknown[0], 401, "not-signed-in")
    assert unknown[0].headers["www-authenticate"] == "Bearer"
    wrong = [house.ask("", "POST", path, token="x" * 43) for path in ("/directives/no-tiktok/halt", "/directives/none/halt")]
    assert len({answer.body for answer in wrong}) == 1
    problem(wrong[0], 401, "unknown-token")
    shut = [house.ask("auditor", "POST", f"/directives/{name}/halt") for name in ("no-tiktok", "none")]
    assert len({answer.body for answer in shut}) == 1  # nor does an account without the role learn which directives there are
    problem(shut[0], 403, "not-allowed")


@ONE_ENGINE
def test_what_cannot_be_asked_is_refused_with_its_place(house: ApiHouse) -> None:
    problem(house.ask("author", "GET", "/nothing"), 404, "no-such-address")
    wrong = house.ask("author", "PUT", "/directives/x/halt")
    problem(wrong, 405, "wrong-method")
    assert wrong.headers["allow"] == "POST"
    problem(house.ask("author", "POST", "/directives", b"{"), 400, "body-unreadable")
    found = problem(house.ask("author", "POST", "/directives", {"text": 1, "fil": "x"}), 422, "parameter-wrong")
    assert {one["where"]["field"] for one in found["problems"]} == {"text", "fil"}
    problem(house.ask("author", "GET", "/gates?limt=1"), 422, "parameter-unknown")
    problem(house.ask("author", "GET", "/gates?limit=1&limit=2"), 422, "parameter-repeated")
    problem(house.ask("author", "GET", "/gates?limit=x"), 422, "parameter-wrong")
    problem(house.ask("author", "POST", "/directives", {"text": "x" * (5 << 20)}), 413, "body-too-large")
    text = DOCUMENT.replace("issuer:", "isuer:").replace("after: 7d", "after: soon")
    found = house.ask("author", "POST", "/directives", {"text": text, "file": "order.yaml"}).json
    assert {(one["where"]["file"], one["where"]["line"]) for one in found["problems"]} >= {("order.yaml", 4), ("order.yaml", 8)}


@ONE_ENGINE
def test_a_fault_of_ours_is_in_the_log_and_not_in_the_answer(
    house: ApiHouse, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("the secret of the house")

    monkeypatch.setattr("countermand.web.api.answering.perform", broken)
    answer = house.ask("author", "GET", "/status")
    found = problem(answer, 500, "internal")
    assert b"secret" not in answer.body
    logged = json.loads(capsys.readouterr().err)
    assert logged["reference"] in found["detail"]
    assert (logged["event"], logged["code"]) == ("api-fault", "ZeroDivisionError")
    assert "test_api_requests.py" in logged["place"]
    assert "secret" not in json.dumps(logged), "what a fault says may name somebody"
    assert house.tokens["author"] not in json.dumps(logged)
    logging.shutdown()


@ONE_ENGINE
def test_codes_and_the_document_are_for_everybody(house: ApiHouse) -> None:
    assert house.ask("", "GET", "/problems/not-allowed").json["status"] == 403
    problem(house.ask("", "GET", "/problems/none-such"), 404, "not-found")
    assert house.ask("", "GET", "/openapi.json").json["openapi"].startswith("3.")


@ONE_ENGINE
def test_lists_come_in_pages(house: ApiHouse) -> None:
    for name in "abcde":
        house.ask("operator", "POST", "/protections", {"login": name, "why": "way in"})
    seen, after = [], ""
    while True:
        page = house.ask("operator", "GET", f"/protections?limit=2&after={after}").json
        assert len(page["items"]) <= 2
        seen += [one["login"] for one in page["items"]]
        after = page["next"]
        if not after:
            break
    assert seen == list("abcde")


@ONE_ENGINE
def test_a_file_is_brought_in_and_its_bad_rows_come_back(house: ApiHouse) -> None:
    head = "login,email,name,zone,locale,country,groups,employment\n"
    good = head + "ann,ann@example.org,Ann,Europe/Berlin,de,DE,staff,employee\n"
    body, kind = multipart("file", {"people.csv": (good + "bo,bo,Bo,Nowhere,de,DE,staff,employee\n").encode()})
    found = house.ask("operator", "POST", "/imports/people", body, content_type=kind)
    assert found.status == 422
    assert {(one["where"]["file"], one["where"]["line"]) for one in found.json["problems"]} == {("people.csv", 3)}
    body, kind = multipart("file", {"people.csv": good.encode()})
    rehearsed = house.ask("operator", "POST", "/imports/people?dry_run=true", body, content_type=kind).json
    done = house.ask("operator", "POST", "/imports/people?confirmed=true", body, content_type=kind).json
    assert (rehearsed["added"], done["added"], done["rows"]) == (1, 1, 1)
    assert list((house.config.state_dir / "uploads").iterdir()) == []
    problem(house.ask("operator", "POST", "/imports/people", body), 422, "parameter-wrong")


def test_whoever_asks_too_often_waits_but_never_for_the_stop_button(house: ApiHouse) -> None:
    """One count for two web processes of a deployment."""
    slow = replace(house.config, api=Api(per_minute=1, burst=3))
    one, other = (replace(house, door=ApiDoor(slow)) for _ in range(2))
    answers = [asked.ask("operator", "GET", "/status") for asked in (one, other, one, other, one)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429, 429]
    problem(answers[-1], 429, "too-many-requests")
    assert 0 < int(answers[-1].headers["retry-after"]) <= 61
    assert one.ask("author", "GET", "/status").status == 200  # another token
    for verb, body in (("halt", None), ("rescind", {"ground": "changed"})):
        problem(other.ask("operator", "POST", f"/directives/none/{verb}", body), 404, "not-found")
    for asked in (one, other):
        asked.door.end()


def test_requests_are_taken_a_few_at_a_time_and_nobody_waits_to_be_counted(house: ApiHouse) -> None:
    calm = ApiDoor(replace(house.config, api=Api(per_minute=60, burst=200)))
    asked = replace(house, door=calm)
    assert [asked.ask("operator", "GET", "/status").status for _ in range(3)] == [200] * 3
    counted = models.Bucket.objects.get()
    assert asked.ask("operator", "GET", "/status").status == 200
    assert models.Bucket.objects.get().full_at == counted.full_at  # twenty were taken at once
    counted_as = f"api {operators.name_of(house.tokens['author'])}"
    with unit():  # somebody writes for a long time
        buckets.take(counted_as, 1, Rate(60, 200), clock.now())
        assert [asked.ask("author", "GET", "/status").status for _ in range(2)] == [200] * 2
    calm.end()
