"""Idempotency keys: the same request twice changes something once, whatever happens in between, on both databases."""

import threading
from typing import Any

import pytest
from api_house import DOCUMENT, ApiHouse

from countermand.store import answers

KEY = "3f0c2d1e"


def write(house: ApiHouse, key: str = KEY, text: str = DOCUMENT) -> Any:
    return house.ask("author", "POST", "/directives", {"text": text}, idempotency_key=key)


def entries(house: ApiHouse, kind: str) -> int:
    return len(house.ask("auditor", "GET", f"/ledger/entries?kind={kind}").json)


def test_the_first_answer_again_and_another_request_refused(house: ApiHouse) -> None:
    first = write(house)
    again = write(house)
    assert (first.status, again.status) == (200, 200)
    assert again.json == first.json
    assert entries(house, "written") == 1
    other = write(house, text=DOCUMENT.replace("risks", "reasons"))
    assert (other.status, other.json["code"]) == (409, "idempotency-key-reused")
    assert write(house, key="another").status == 200
    assert entries(house, "written") == 2


def test_a_key_belongs_to_one_account_and_one_operation(house: ApiHouse) -> None:
    assert write(house).status == 200
    assert house.ask("author", "POST", "/directives/no-tiktok/propose", {}, idempotency_key=KEY).status == 200
    watch = {"app": "ios:com.example", "purpose": "advisory", "until": 4_000_000_000_000}
    for who in ("author", "operator"):
        assert house.ask(who, "POST", "/watches", watch, idempotency_key=KEY).status == 200
    assert entries(house, "watch-proposed") == 2


def test_two_at_once_do_it_once(house: ApiHouse) -> None:
    body = {"app": "ios:com.example", "purpose": "advisory", "until": 4_000_000_000_000}
    found: list[Any] = []
    gate = threading.Barrier(4)

    def ask() -> None:
        gate.wait(30)
        found.append(house.ask("author", "POST", "/watches", body, idempotency_key=KEY))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [answer.status for answer in found] == [200] * 4, [answer.json for answer in found]
    assert len({answer.body for answer in found}) == 1
    assert entries(house, "watch-proposed") == 1


def test_a_crash_before_the_answer_was_kept_does_nothing_twice(house: ApiHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(*_: Any) -> None:
        raise SystemError("the power went")

    monkeypatch.setattr("countermand.flows.once._LOOKS", 2)
    with monkeypatch.context() as broken:
        broken.setattr(answers, "complete", dies)
        assert write(house).status == 500
    again = write(house)
    assert (again.status, again.json["code"]) == (409, "answer-not-kept")
    assert entries(house, "written") == 1


def test_a_refusal_is_judged_anew(house: ApiHouse) -> None:
    refused = house.ask("author", "POST", "/directives/no-tiktok/propose", {}, idempotency_key=KEY)
    assert refused.json["code"] == "not-found"
    write(house)
    assert house.ask("author", "POST", "/directives/no-tiktok/propose", {}, idempotency_key=KEY).status == 200


def test_a_secret_is_not_kept_for_a_second_look(house: ApiHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("countermand.flows.once._LOOKS", 2)
    body = {"label": "ci", "scopes": ["read"], "lifetime": 86_400_000}
    assert house.ask("author", "POST", "/tokens", body, idempotency_key=KEY).status == 200
    again = house.ask("author", "POST", "/tokens", body, idempotency_key=KEY)
    assert (again.status, again.json["code"]) == (409, "answer-not-kept")
    assert len(house.ask("author", "GET", "/tokens").json["items"]) == 1


def test_stopping_is_always_evaluated_anew(house: ApiHouse) -> None:
    write(house)
    halts = [house.ask("operator", "POST", "/directives/no-tiktok/halt", idempotency_key=KEY) for _ in range(2)]
    assert {answer.json["code"] for answer in halts} == {"wrong-state"}
    assert answers.find(answers.Key("operator", "halt", KEY, "")) is None


def test_a_rehearsal_uses_up_no_key(house: ApiHouse) -> None:
    write(house)
    for dry_run in (True, True, False):
        done = house.ask("author", "POST", "/directives/no-tiktok/propose", {"dry_run": dry_run}, idempotency_key=KEY)
        assert done.status == 200
    assert entries(house, "proposed") == 1


@pytest.mark.parametrize("key", ["x" * 201, "a b"])
def test_a_key_is_short_and_printable(house: ApiHouse, key: str) -> None:
    assert write(house, key=key).json["code"] == "idempotency-key-form"
