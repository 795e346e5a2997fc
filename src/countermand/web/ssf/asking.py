"""What a receiver may ask, request by request: from JSON and forms to flows, and back."""

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, unquote_plus

from countermand.access import Act
from countermand.config import Config
from countermand.core.errors import Refused
from countermand.flows import receivers, set_keys, streams, transmit
from countermand.flows.receivers import Receiver
from countermand.flows.streams import Stream, configuration, status_of
from countermand.flows.transmit import Asked
from countermand.lib.read_json import read_json
from countermand.signals.places import MANAGE, READ, places

POLL = "poll/"
#: The body of an answer to a poll for which nothing waits.
NOTHING: dict[str, Any] = {"sets": {}}
_ANSWERED = 1_000


@dataclass(frozen=True, slots=True)
class Answer:
    """``value``: JSON; None for no body at all."""

    status: int
    value: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Call:
    """One request of a receiver that is known. ``name``: the path under the prefix."""

    config: Config
    act: Act
    receiver: Receiver
    name: str
    query: str
    content: bytes

    @property
    def body(self) -> Any:
        """Refused ``stream-request``."""
        try:
            return read_json(self.content)
        except ValueError:
            raise Refused("stream-request", why="it is not JSON") from None

    @property
    def stream_id(self) -> str | None:
        return parse_qs(self.query).get("stream_id", [None])[0]

    @property
    def issuer(self) -> str:
        return self.config.signals.issuer

    def shown(self, stream: Stream) -> dict[str, Any]:
        return configuration(self.issuer, stream, places(self.issuer).url(f"{POLL}{stream.stream_id}"))


Route = Callable[[Call], Answer]


def keys(config: Config) -> Answer:
    """The one answer that may be kept, for a while."""
    return Answer(200, set_keys.jwks(config.state_dir))


# -- streams --


def _create(call: Call) -> Answer:
    return Answer(201, call.shown(streams.stream_create(call.act, call.config, call.receiver, call.body)))


def _read(call: Call) -> Answer:
    if call.stream_id is not None:
        return Answer(200, call.shown(streams.of_receiver(call.receiver, call.stream_id)))
    return Answer(200, [call.shown(one) for one in streams.every_of(call.receiver)])


def _update(call: Call) -> Answer:
    return Answer(200, call.shown(streams.stream_change(call.act, call.config, call.receiver, call.body, whole=False)))


def _replace(call: Call) -> Answer:
    return Answer(200, call.shown(streams.stream_change(call.act, call.config, call.receiver, call.body, whole=True)))


def _delete(call: Call) -> Answer:
    if call.stream_id is None:
        raise Refused("stream-request", why="stream_id is missing")
    streams.stream_delete(call.act, call.receiver, call.stream_id)
    return Answer(204)


def _read_status(call: Call) -> Answer:
    if call.stream_id is None:
        raise Refused("stream-request", why="stream_id is missing")
    return Answer(200, status_of(streams.of_receiver(call.receiver, call.stream_id)))


def _set_status(call: Call) -> Answer:
    return Answer(200, status_of(streams.stream_status(call.act, call.receiver, call.body)))


def _add_subject(call: Call) -> Answer:
    streams.subject_unwanted(call.act, call.receiver, call.body, wanted=True)
    return Answer(200)


def _remove_subject(call: Call) -> Answer:
    streams.subject_unwanted(call.act, call.receiver, call.body, wanted=False)
    return Answer(204)


def _verify(call: Call) -> Answer:
    streams.stream_verify(call.act, call.receiver, call.body)
    return Answer(204)


def _polled(call: Call) -> Answer:
    raise AssertionError("a poll may wait: its door answers it")


_ROUTES: Mapping[tuple[str, str], tuple[Route, str]] = {
    ("streams", "POST"): (_create, MANAGE),
    ("streams", "GET"): (_read, READ),
    ("streams", "PATCH"): (_update, MANAGE),
    ("streams", "PUT"): (_replace, MANAGE),
    ("streams", "DELETE"): (_delete, MANAGE),
    ("status", "GET"): (_read_status, READ),
    ("status", "POST"): (_set_status, MANAGE),
    ("subjects/add", "POST"): (_add_subject, MANAGE),
    ("subjects/remove", "POST"): (_remove_subject, MANAGE),
    ("verify", "POST"): (_verify, MANAGE),
    (POLL, "POST"): (_polled, READ),
}


def route(name: str, method: str) -> tuple[Route | None, str | None]:
    """(what answers, the scope that it asks for); None where nothing does."""
    return _ROUTES.get((_kind(name), method), (None, None))


def methods(name: str) -> list[str]:
    return [method for kind, method in _ROUTES if kind == _kind(name)]


def _kind(name: str) -> str:
    return POLL if name.startswith(POLL) else name


# -- polls --


@dataclass(frozen=True, slots=True)
class Polling:
    """``pk`` of the stream; ``at_once``: it does not want to wait."""

    pk: int
    asked: Asked
    at_once: bool

    def without_answers(self) -> "Polling":
        return replace(self, asked=Asked(self.asked.most))


def polling(call: Call) -> Polling:
    """What a poll asks. Refused ``stream-unknown``, ``stream-request``."""
    stream = streams.of_receiver(call.receiver, call.name.removeprefix(POLL))
    body = call.body
    if not isinstance(body, dict):
        raise Refused("stream-request", why="it is not a JSON object")
    most, at_once = body.get("maxEvents"), body.get("returnImmediately", False)
    if most is not None and (type(most) is not int or most < 0):
        raise Refused("stream-request", why="maxEvents is not a number of events")
    if not isinstance(at_once, bool):
        raise Refused("stream-request", why="returnImmediately is neither true nor false")
    taken, refused = body.get("ack", []), body.get("setErrs", {})
    if not isinstance(taken, list) or not all(isinstance(one, str) for one in taken) or len(taken) > _ANSWERED:
        raise Refused("stream-request", why="ack is not a list of jti, or too long")
    if not isinstance(refused, dict) or not all(isinstance(one, dict) for one in refused.values()) or len(refused) > _ANSWERED:
        raise Refused("stream-request", why="setErrs is not an object of errors, or too long")
    whys = {jti: _why(said) for jti, said in refused.items()}
    return Polling(stream.pk, Asked(most, tuple(taken), whys), at_once or most == 0)


def poll(call: Call, asked: Polling) -> Answer:
    found = transmit.poll(call.act, call.config, asked.pk, asked.asked)
    return Answer(200, {"sets": dict(found.tokens)} | ({"moreAvailable": True} if found.more else {}))


def anything(asked: Polling) -> bool:
    return transmit.anything(asked.pk)


def _why(said: Mapping[str, Any]) -> str:
    words = f"{said.get('err', '')}: {said.get('description', '')}"
    return "".join(sign for sign in words if sign.isprintable())[:300]


# -- tokens --


@dataclass(frozen=True, slots=True)
class Client:
    name: str
    secret: str = field(repr=False)
    grant: str
    scopes: tuple[str, ...]


def client(authorization: str, content: bytes) -> Client:
    """Who asks for a token, by the header or by the form (RFC 6749 §2.3.1). What cannot be read names nobody."""
    form = {name: values[0] for name, values in parse_qs(content.decode("utf-8", "replace"), keep_blank_values=True).items()}
    name, secret = form.get("client_id", ""), form.get("client_secret", "")
    scheme, _, said = authorization.partition(" ")
    if scheme.lower() == "basic":
        try:
            first, _, second = base64.b64decode(said, validate=True).decode("utf-8").partition(":")
        except (binascii.Error, UnicodeDecodeError):
            first = second = ""
        name, secret = unquote_plus(first), unquote_plus(second)
    return Client(name, secret, form.get("grant_type", ""), tuple(form.get("scope", "").split()))


def token(config: Config, asked: Client) -> Answer:
    """An access token (RFC 6749 §4.4). Refused ``client-unknown``, ``scope-unknown``."""
    if asked.grant != "client_credentials":
        return Answer(400, {"error": "unsupported_grant_type", "error_description": "Use client_credentials."})
    made = receivers.access(config, asked.name, asked.secret, asked.scopes)
    return Answer(
        200,
        {
            "access_token": made.token,
            "token_type": "Bearer",
            "expires_in": made.seconds,
            "scope": " ".join(sorted(made.scopes)),
        },
    )
