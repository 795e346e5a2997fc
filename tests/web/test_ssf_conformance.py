"""The checks of the OpenID Foundation's plan for transmitters (SSF 1.0, CAEP interoperability profile), against the real
server over TLS: metadata, stream control with what must be refused, subjects, verification by push and poll, paused and
disabled streams."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from ssf_house import POLL, PUSH, Client, Said, state
from ssf_plan import ADA, AUDIENCE, DUE, LATER, WANTED, Plan, house, planned

from countermand.config import Database
from countermand.core.caep import Wording
from countermand.core.instants import DAY
from countermand.flows import receivers
from countermand.flows.stop import halt
from shared_signals import COMPLIANCE, REVOKED, UPDATED, VERIFICATION, need

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def plan(store: Database, tmp_path: Path) -> Iterator[Plan]:
    yield from planned(store, tmp_path)


def everything_is_https(found: object) -> None:
    if isinstance(found, dict):
        for name, value in found.items():
            if name.endswith(("_endpoint", "_uri")) or name == "issuer":
                need(str(value).startswith("https://"), f"{name} is not https")
            need(value != [], f"{name} is empty and not left out")
            everything_is_https(value)


# -- metadata --


def test_metadata(plan: Plan) -> None:
    found = plan.client.metadata()
    everything_is_https(found)
    assert found["issuer"] == plan.client.issuer
    assert found["spec_version"] == "1_0"
    assert set(found["delivery_methods_supported"]) == {PUSH, POLL}
    assert found["authorization_schemes"] == [{"spec_urn": "urn:ietf:rfc:6749"}]
    assert found["default_subjects"] == "ALL"
    for name in ("configuration", "status", "verification", "add_subject", "remove_subject"):
        assert found[f"{name}_endpoint"]
    (key,) = plan.client.jwks()["keys"]
    assert (key["kty"], key["alg"], key["use"]) == ("RSA", "RS256", "sig")
    assert not {"d", "p", "q"} & key.keys()
    resource = plan.client.metadata("oauth-protected-resource")
    assert resource["resource"] == plan.client.issuer
    assert set(resource["scopes_supported"]) == {"ssf.manage", "ssf.read"}


# -- stream control --


@pytest.mark.parametrize("method", [PUSH, POLL])
def test_stream_control(plan: Plan, method: str) -> None:
    client = plan.client
    assert client.read().plain == []
    assert plan.create(method).status == 201
    made = client.stream
    assert made["iss"] == client.issuer
    assert made["aud"] == AUDIENCE
    assert made["delivery"]["method"] == method
    assert set(made["events_delivered"]) == {COMPLIANCE, REVOKED}
    assert set(made["events_requested"]) == set(WANTED)
    assert set(made["events_supported"]) == {COMPLIANCE, REVOKED}
    assert made["min_verification_interval"] >= 0
    assert client.read(client.id).plain == made
    assert client.read().plain == [made]

    changed = client.ask("PATCH", client.endpoint("configuration"), {"stream_id": client.id, "description": "Another"})
    assert changed.status == 200
    assert changed.plain == {**made, "description": "Another"}
    whole = {"stream_id": client.id, "delivery": plan.delivery(method), "events_requested": [REVOKED]}
    replaced = client.ask("PUT", client.endpoint("configuration"), whole)
    assert replaced.status == 200
    assert "description" not in replaced.plain
    assert replaced.plain["events_delivered"] == [REVOKED]
    assert client.read(client.id).plain == replaced.plain
    emptied = client.ask("PUT", client.endpoint("configuration"), {"stream_id": client.id})
    assert emptied.plain["delivery"]["method"] == POLL
    assert "events_requested" not in emptied.plain

    assert client.status().plain == {"stream_id": client.id, "status": "enabled"}
    for status in ("enabled", "paused", "disabled", "enabled"):
        answer = client.set_status(status, reason="a test")
        assert answer.status == 200
        assert answer.plain == {"stream_id": client.id, "status": status, "reason": "a test"}
        assert client.status().plain["status"] == status
    gone = client.delete(client.id)
    assert (gone.status, gone.body) == (204, b"")
    assert client.read(client.id).status == 404
    assert client.read().plain == []


def test_a_stream_without_delivery_is_polled(plan: Plan) -> None:
    assert plan.client.create({}).status == 201
    assert plan.client.stream["delivery"]["method"] == POLL
    assert plan.client.stream["delivery"]["endpoint_url"].startswith("https://")
    assert plan.client.stream["events_delivered"] == []


def test_a_second_stream_is_refused(plan: Plan) -> None:
    assert plan.create().status == 201
    assert plan.client.ask("POST", plan.client.endpoint("configuration"), {}).status == 409


# -- what must be refused --


BROKEN = [b"{", b"", b"[1, 2]", b'"x"', b"\xff", b"[" * 100_000]
NO_STREAM: list[dict[str, object]] = [
    {"delivery": {"method": PUSH}},
    {"delivery": {"method": "urn:example:pigeon"}},
    {"delivery": "push"},
    {"delivery": {"method": PUSH, "endpoint_url": "http://receiver.example.com/"}},
    {"delivery": {"method": PUSH, "endpoint_url": "https://10.1.2.3/"}},
    {"delivery": {"method": PUSH, "endpoint_url": "https://[::1]/"}},
    {"delivery": {"method": PUSH, "endpoint_url": "https://a:b@receiver.example.com/"}},
    {"delivery": {"method": PUSH, "endpoint_url": "https://receiver.example.com/", "authorization_header": "a\r\nb: c"}},
    {"events_requested": "all"},
    {"events_requested": [1]},
    {"description": 7},
]


def test_a_broken_body(plan: Plan) -> None:
    """Each is refused, and the stream is as it was."""
    plan.create()
    streams = plan.client.endpoint("configuration")
    others = [plan.client.endpoint(name) for name in ("status", "verification", "add_subject", "remove_subject")]
    asked = [("POST", url) for url in (streams, *others)] + [("PATCH", streams), ("PUT", streams)]
    answers = {(*one, body[:8]): plan.client.ask(*one, body).status for one in asked for body in BROKEN}
    assert set(answers.values()) == {400}, answers
    assert plan.client.read().plain == [plan.client.stream]


def test_what_cannot_be_a_stream(plan: Plan) -> None:
    answers = [(plan.client.create(body).status, body) for body in NO_STREAM]
    assert {status for status, _ in answers} == {400}, answers
    assert plan.client.read().plain == []


def test_what_is_ours_to_say(plan: Plan) -> None:
    plan.create()
    streams = plan.client.endpoint("configuration")
    for method in ("PATCH", "PUT"):
        for changes in ({"aud": "https://somebody.else"}, {"iss": "https://example.org"}, {"events_delivered": []}):
            assert plan.client.ask(method, streams, plan.client.stream | changes).status == 400, (method, changes)
        assert plan.client.ask(method, streams, plan.client.stream).status == 200


def requests(client: Client) -> list[Said]:
    """Every request that there is, with the token that the client has now."""
    id_ = client.stream.get("stream_id", "none")
    streams, body = client.endpoint("configuration"), {"stream_id": id_, "status": "enabled", "subject": {"format": "x", "y": 1}}
    found = [
        client.ask("POST", client.endpoint(name), body) for name in ("status", "verification", "add_subject", "remove_subject")
    ]
    found += [client.ask(method, streams, body) for method in ("PATCH", "PUT")]
    found += [client.ask("GET", f"{url}?stream_id={id_}") for url in (streams, client.endpoint("status"))]
    return [*found, client.ask("POST", f"{client.issuer}/poll/{id_}", {"returnImmediately": True}), client.delete(id_)]


def test_without_a_token_or_with_a_wrong_one(plan: Plan) -> None:
    plan.create()
    plan.client.token = "wrong"
    for answer in [*requests(plan.client), plan.client.create({}), plan.client.read()]:
        assert answer.status == 401
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    token, plan.client.token = plan.client.token, None
    for answer in [*requests(plan.client), plan.client.create({})]:
        assert answer.status == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert "error" not in answer.headers["www-authenticate"]
    assert plan.client.ask("GET", f"{plan.client.endpoint('configuration')}?access_token={token}").status == 401


def test_a_token_that_may_only_read(plan: Plan) -> None:
    plan.create()
    answer = plan.client.sign_in("ssf.read")
    assert answer.plain["scope"] == "ssf.read"
    assert answer.plain["expires_in"] <= 3600
    for one in requests(plan.client)[:6]:
        assert one.status == 403
        assert 'error="insufficient_scope"' in one.headers["www-authenticate"]
    assert plan.client.read(plan.client.id).status == 200
    assert plan.client.status().status == 200
    assert plan.client.delete(plan.client.id).status == 403


def test_a_stream_that_is_not_there_or_somebody_elses(plan: Plan) -> None:
    plan.create()
    made = receivers.receiver_add(ADA, plan.config, "other", Wording("https://other.example.com"))
    other = Client(plan.client.issuer, plan.client.ca_file, "other", made.secret, stream=plan.client.stream)
    assert other.sign_in().status == 200
    plan.client.stream = {"stream_id": "0" * 32}
    for client in (plan.client, other):
        assert {one.status for one in requests(client)} == {404}
    assert len(plan.client.read().plain) == 1


def test_a_secret_that_is_wrong_old_or_revoked(plan: Plan) -> None:
    client, secret = plan.client, plan.client.secret
    assert client.sign_in(by="post").status == 200
    client.secret = "wrong"
    assert client.sign_in().status == 401
    assert client.sign_in().plain["error"] == "invalid_client"
    client.secret = secret
    assert client.sign_in("ssf.everything").plain["error"] == "invalid_scope"
    client.sign_in()
    token = client.token
    fresh = receivers.receiver_rotate(ADA, plan.config, "idp").secret
    assert client.read().status == 401
    assert client.sign_in().status == 401
    client.secret = fresh
    client.sign_in()
    assert client.token != token
    assert client.read().status == 200
    receivers.receiver_revoke(ADA, "idp")
    assert client.read().status == 401
    assert client.sign_in().status == 401


# -- verification --


def test_verification_by_push(plan: Plan) -> None:
    plan.create(PUSH, authorization_header="Bearer of-theirs")
    wanted = state()
    assert plan.client.verify(state=wanted).status == 204
    soon = plan.client.verify(state=wanted)
    assert soon.status == 429
    assert int(soon.headers["retry-after"]) <= plan.client.stream["min_verification_interval"] + 1
    plan.work(DUE - DAY)
    assert plan.believer.of(VERIFICATION) == [{"state": wanted}]
    assert plan.believer.log[0]["sub_id"] == {"format": "opaque", "id": plan.client.id}
    assert plan.door.headers["authorization"] == "Bearer of-theirs"


def test_push_without_a_header(plan: Plan) -> None:
    plan.create(PUSH)
    plan.client.verify()
    plan.work(DUE - DAY)
    assert plan.believer.of(VERIFICATION) == [{}]
    assert "authorization" not in plan.door.headers


def test_poll_only_ack_only_and_both(plan: Plan) -> None:
    plan.create()
    plan.client.verify(state="one")
    first = plan.client.poll()["sets"]
    again = plan.client.poll()["sets"]
    assert list(first) == list(again)  # not acknowledged, so it is sent again
    assert plan.client.poll(maxEvents=0, ack=list(first))["sets"] == {}
    assert plan.client.poll()["sets"] == {}
    plan.may_verify_again()
    plan.client.verify(state="two")
    second = plan.client.poll(ack=list(first))["sets"]
    for token in [*first.values(), *second.values()]:
        plan.believer.take(token)
    assert plan.believer.of(VERIFICATION) == [{"state": "one"}, {"state": "two"}]


def test_a_set_that_the_receiver_cannot_take(plan: Plan) -> None:
    plan.create()
    plan.client.verify(state="one")
    (jti,) = plan.client.poll()["sets"]
    errors = {jti: {"err": "invalid_state", "description": "who are you?"}}
    assert plan.client.poll(maxEvents=0, setErrs=errors)["sets"] == {}
    assert jti not in plan.client.poll()["sets"]


NO_POLL: list[object] = [
    {"maxEvents": -1}, {"maxEvents": "x"}, {"ack": "x"}, {"ack": [1]}, {"setErrs": []}, {"returnImmediately": 1}, [],
]  # fmt: skip


def test_a_poll_that_cannot_be(plan: Plan) -> None:
    plan.create()
    door = plan.client.stream["delivery"]["endpoint_url"]
    answers = [(plan.client.ask("POST", door, body).status, body) for body in NO_POLL]
    assert {status for status, _ in answers} == {400}, answers


def test_a_poll_that_waits_is_answered_when_there_is_something(plan: Plan) -> None:
    plan.create()
    later = threading.Timer(0.7, lambda: plan.client.verify(state="late"))
    later.start()
    found = plan.client.poll(returnImmediately=False)["sets"]
    later.join()
    assert len(found) == 1


# -- paused, disabled --


@pytest.mark.parametrize("method", [PUSH, POLL])
@pytest.mark.parametrize(("status", "held"), [("paused", 1), ("disabled", 0)])
def test_a_stream_that_is_stopped(plan: Plan, method: str, status: str, held: int) -> None:
    plan.create(method)
    plan.client.set_status(status)
    assert plan.client.verify(state="meanwhile").status == 204
    plan.work(DUE - DAY)
    if method == POLL:
        assert plan.client.poll()["sets"] == {}
    assert plan.believer.log == []
    plan.client.set_status("enabled")
    plan.work(DUE - DAY)
    if method == POLL:
        plan.client.take(plan.believer)
    assert len(plan.believer.of(VERIFICATION)) == held
    plan.may_verify_again()
    plan.client.verify(state="again")
    plan.work(DUE - DAY)
    if method == POLL:
        plan.client.take(plan.believer)
    assert plan.believer.of(VERIFICATION)[-1] == {"state": "again"}


# -- events --


@pytest.mark.parametrize("method", [PUSH, POLL])
def test_events_of_the_interoperability_profile(plan: Plan, method: str) -> None:
    plan.create(method)
    plan.work()
    if method == POLL:
        plan.client.take(plan.believer)
    assert plan.believer.people == {f"p{number:05d}@example.org" for number in range(3)}
    assert len(plan.believer.of(REVOKED)) == 3
    halt(house.operator(LATER), house.NAME)
    plan.work()
    if method == POLL:
        plan.client.take(plan.believer)
    assert plan.believer.holds == set()
    assert plan.believer.of(UPDATED) == []


def test_few_at_a_time(plan: Plan) -> None:
    plan.create()
    plan.work()
    found = plan.client.poll(maxEvents=2)
    assert len(found["sets"]) == 2
    assert found["moreAvailable"] is True
    assert len(plan.client.take(plan.believer)) == 6


# -- subjects --


def test_a_subject_that_is_not_wanted(plan: Plan) -> None:
    plan.create()
    client, subject = plan.client, {"format": "email", "email": "P00001@example.org"}
    assert client.ask("POST", client.endpoint("remove_subject"), {"stream_id": client.id, "subject": subject}).status == 204
    plan.work()
    client.take(plan.believer)
    assert plan.believer.people == {"p00000@example.org", "p00002@example.org"}
    added = client.ask("POST", client.endpoint("add_subject"), {"stream_id": client.id, "subject": subject, "verified": True})
    assert (added.status, added.body) == (200, b"")
    plan.work()
    client.take(plan.believer)
    assert plan.believer.people == {"p00000@example.org", "p00001@example.org", "p00002@example.org"}
    for wrong in ("alice", {"email": "a@example.org"}, {"format": "email"}, None):
        body = {"stream_id": client.id, "subject": wrong}
        assert client.ask("POST", client.endpoint("add_subject"), body).status == 400
    nobody = {"stream_id": client.id, "subject": {"format": "email", "email": "nobody@example.org"}}
    assert client.ask("POST", client.endpoint("add_subject"), nobody).status == 200  # it is not said that there is none
