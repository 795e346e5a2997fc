"""A receiver of OpenID Shared Signals that trusts nothing: it checks every token by itself, and remembers what it was told of
whom.

The checks are those of the OpenID Foundation's conformance suite for transmitters, written anew from the specifications.
"""

import base64
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt

CAEP = "https://schemas.openid.net/secevent/caep/event-type/"
SSF = "https://schemas.openid.net/secevent/ssf/event-type/"
COMPLIANCE, REVOKED = CAEP + "device-compliance-change", CAEP + "session-revoked"
VERIFICATION, UPDATED = SSF + "verification", SSF + "stream-updated"
_STATUSES = {"compliant", "not-compliant"}
_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?")


class Wrong(AssertionError):
    """A token, or an answer, that no receiver need take."""


def need(holds: object, why: str) -> None:
    if not holds:
        raise Wrong(why)


def checked(token: str, jwks: Mapping[str, Any], issuer: str, audience: str) -> dict[str, Any]:
    """The claims of a security event token that passes every check."""
    head = jwt.get_unverified_header(token)
    need(head["typ"] == "secevent+jwt", "typ")
    need(head["alg"] == "RS256", "alg")
    keys = [one for one in jwks["keys"] if one["kid"] == head["kid"]]
    need(len(keys) == 1, f"kid {head['kid']} is not published")
    modulus = base64.urlsafe_b64decode(keys[0]["n"] + "==")
    need(len(modulus) * 8 >= 2048, "the key is short")
    need("d" not in keys[0], "the private half is published")
    claims: dict[str, Any] = jwt.decode(
        token,
        jwt.PyJWK(keys[0]),
        algorithms=["RS256"],
        audience=audience,
        issuer=issuer,
        options={"require": ["iss", "aud", "iat", "jti"]},
    )
    need("exp" not in claims, "exp")
    need("sub" not in claims, "sub")
    need(isinstance(claims["jti"], str) and claims["jti"], "jti")
    need(isinstance(claims.get("txn"), str) and claims["txn"], "txn")
    need(isinstance(claims["iat"], int) and claims["iat"] <= datetime.now(UTC).timestamp() + 1, "iat is in the future")
    events = claims["events"]
    need(isinstance(events, dict) and len(events) == 1, "more than one event")
    need(all(isinstance(one, dict) for one in events.values()), "an event is no object")
    _subject(claims["sub_id"])
    for type_, event in events.items():
        _EVENTS[type_](event, claims["sub_id"])
    return claims


def _subject(found: Mapping[str, Any]) -> None:
    match found["format"]:
        case "email":
            need(set(found) == {"format", "email"} and "@" in found["email"], "email subject")
        case "iss_sub":
            need(set(found) == {"format", "iss", "sub"} and found["sub"], "iss_sub subject")
        case "opaque":
            need(set(found) == {"format", "id"}, "opaque subject")
        case "complex":
            parts = {name: value for name, value in found.items() if name != "format"}
            need(parts and set(parts) <= {"user", "device", "session", "application", "tenant", "org_unit", "group"}, "complex")
            for part in parts.values():
                need(part["format"] != "complex", "a complex subject within another")
                _subject(part)
        case other:
            raise Wrong(f"subject of format {other}")


def _common(event: Mapping[str, Any]) -> None:
    need(isinstance(event["event_timestamp"], int) and 0 < event["event_timestamp"] < 100_000_000_000, "event_timestamp")
    need(event["initiating_entity"] in {"admin", "user", "policy", "system"}, "initiating_entity")
    need("reason_admin" in event, "reason_admin")
    for name in {"reason_admin", "reason_user"} & event.keys():
        need(isinstance(event[name], dict) and event[name], name)
        for tag, words in event[name].items():
            need(_TAG.fullmatch(tag) and isinstance(words, str) and words, f"{name}: {tag}")


def _compliance(event: Mapping[str, Any], sub_id: Mapping[str, Any]) -> None:
    need(event["previous_status"] in _STATUSES and event["current_status"] in _STATUSES, "statuses")
    need(event["previous_status"] != event["current_status"], "nothing changed")
    _common(event)


def _revoked(event: Mapping[str, Any], sub_id: Mapping[str, Any]) -> None:
    _common(event)


def _verification(event: Mapping[str, Any], sub_id: Mapping[str, Any]) -> None:
    need(sub_id["format"] == "opaque", "a verification is about its stream")
    need(set(event) <= {"state"}, "members of a verification")


def _updated(event: Mapping[str, Any], sub_id: Mapping[str, Any]) -> None:
    need(sub_id["format"] == "opaque", "the subject is the stream")
    need(event["status"] in {"enabled", "paused", "disabled"} and set(event) <= {"status", "reason"}, "stream-updated")


_EVENTS: dict[str, Callable[[Mapping[str, Any], Mapping[str, Any]], None]] = {
    COMPLIANCE: _compliance,
    REVOKED: _revoked,
    VERIFICATION: _verification,
    UPDATED: _updated,
}


@dataclass
class Believer:
    """``holds``: the subjects that it holds not compliant, canonically; ``log``: every new token's claims, in the order of
    their coming; ``again``: how often one came that it had."""

    issuer: str
    audience: str
    jwks: Callable[[], Mapping[str, Any]]
    holds: set[str] = field(default_factory=set)
    log: list[dict[str, Any]] = field(default_factory=list)
    again: int = 0
    wrong: list[str] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, token: str) -> dict[str, Any]:
        claims = checked(token, self.jwks(), self.issuer, self.audience)
        with self._lock:
            if claims["jti"] in self._seen:
                self.again += 1
                return claims
            self._seen.add(claims["jti"])
            self.log.append(claims)
            ((type_, event),) = claims["events"].items()
            if type_ == COMPLIANCE:
                whom = json.dumps(claims["sub_id"], sort_keys=True)
                (self.holds.add if event["current_status"] == "not-compliant" else self.holds.discard)(whom)
        return claims

    def of(self, type_: str) -> list[dict[str, Any]]:
        """The events of this type, in the order of their coming."""
        return [claims["events"][type_] for claims in self.log if type_ in claims["events"]]

    @property
    def people(self) -> set[str]:
        """Mail addresses of the people whom it holds not compliant."""
        found = (json.loads(whom) for whom in self.holds)
        return {(one.get("user") or one)["email"] for one in found}


@dataclass
class Door:
    """Where tokens are pushed. ``answers``: what the next posts are answered, then 202; with ``heard`` they are taken all the
    same, and the answer is lost. ``headers``: of the last post."""

    believer: Believer
    url: str = ""
    answers: list[tuple[int, bytes]] = field(default_factory=list)
    heard: bool = False
    headers: dict[str, str] = field(default_factory=dict)

    def post(self, headers: dict[str, str], content: bytes) -> tuple[int, bytes]:
        self.headers = headers
        if headers.get("content-type") != "application/secevent+jwt" or "application/json" not in headers.get("accept", ""):
            self.believer.wrong.append("headers of a push")
        status, body = self.answers.pop(0) if self.answers else (202, b"")
        if status == 202 or self.heard:
            try:
                self.believer.take(content.decode())
            except (Wrong, jwt.PyJWTError, KeyError) as wrong:
                self.believer.wrong.append(repr(wrong))
                return 400, json.dumps({"err": "invalid_request", "description": repr(wrong)}).encode()
        return status, body


@contextmanager
def pushed(door: Door) -> Iterator[Door]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["content-length"]))
            status, body = door.post({name.lower(): value for name, value in self.headers.items()}, content)
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            if status >= 400:
                self.send_header("content-type", "application/json")
                self.send_header("content-language", "en")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    door.url = f"http://127.0.0.1:{server.server_port}/events?of=countermand"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield door
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
