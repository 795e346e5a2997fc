"""Signing in by OpenID Connect, the authorization code flow with PKCE (OpenID Connect Core 1.0, 3.1; RFC 7636).

Everything that the provider says is checked here: the token's signature by its published keys, for whom and by whom it is,
that it answers our question (nonce), and its times.
"""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import jwt

from countermand.lib import clock
from countermand.lib.http import Http, Unreachable
from countermand.lib.read_json import read_json

#: Signatures that need no secret of ours. "none" and those with a shared secret are never taken.
_ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
_LEEWAY = 60
#: Milliseconds for which what a provider says of itself is kept; and its keys, while one is looked for that is not among them.
_KEPT, _AGAIN = 3_600_000, 60_000


class NotSignedIn(Exception):
    """The provider, or whoever came back from it, said something that does not fit. The words hold nothing of theirs."""


@dataclass(frozen=True, slots=True)
class Client:
    """Us, as the provider knows us. ``secret`` '' for a public client."""

    issuer: str
    client_id: str
    secret: str
    back: str
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What must be kept until the person comes back, and where they are sent."""

    state: str
    nonce: str
    verifier: str
    url: str


#: Address → when it was asked, and what it said.
_documents: dict[str, tuple[int | None, dict[str, Any]]] = {}


def ask(client: Client) -> Question:
    """Where to send somebody who wants to sign in. NotSignedIn if the provider does not say where."""
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    query = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": client.back,
        "scope": "openid profile email",
        "state": state,
        "nonce": nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    return Question(state, nonce, verifier, f"{_endpoint(client, 'authorization_endpoint')}?{urlencode(query)}")


def claims(client: Client, code: str, nonce: str, verifier: str) -> Mapping[str, Any]:
    """What the provider says of who came back with ``code``: the checked claims of the ID token. NotSignedIn."""
    token = _token(client, code, verifier)
    try:
        found: dict[str, Any] = jwt.decode(
            token,
            _key(client, jwt.get_unverified_header(token).get("kid")),
            algorithms=list(_ALGORITHMS),
            audience=client.client_id,
            issuer=_said(client)["issuer"],
            leeway=_LEEWAY,
            options={"require": ["exp", "iat", "iss", "aud", "sub", "nonce"]},
        )
    except jwt.PyJWTError as wrong:
        raise NotSignedIn(f"its token does not hold ({type(wrong).__name__})") from wrong
    if not secrets.compare_digest(str(found["nonce"]), nonce):
        raise NotSignedIn("its token answers another question")
    if isinstance(found["aud"], list) and len(found["aud"]) > 1 and found.get("azp") != client.client_id:
        raise NotSignedIn("its token is for somebody else as well")
    return found


def _token(client: Client, code: str, verifier: str) -> str:
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": client.back, "code_verifier": verifier}
    headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
    if client.secret:
        pair = base64.b64encode(f"{client.client_id}:{client.secret}".encode()).decode()
        headers["authorization"] = f"Basic {pair}"
    else:
        fields["client_id"] = client.client_id
    answer = _asked(client, "POST", _endpoint(client, "token_endpoint"), headers, urlencode(fields).encode())
    token = answer.get("id_token")
    if not isinstance(token, str):
        raise NotSignedIn("it gave no ID token")
    return token


def _said(client: Client) -> dict[str, Any]:
    """The provider's own description (OpenID Connect Discovery 1.0), which must be of the issuer that we asked for."""
    found = _kept(client, f"{client.issuer}/.well-known/openid-configuration")
    if str(found.get("issuer", "")).rstrip("/") != client.issuer.rstrip("/"):
        raise NotSignedIn("it calls itself otherwise")
    return found


def _key(client: Client, name: str | None) -> jwt.PyJWK:
    """The provider's key of this name, or its only one. Providers change their keys without a word, so one that is not among
    those that are kept is looked for anew."""
    address = _endpoint(client, "jwks_uri")
    for kept in (_KEPT, _AGAIN):
        keys = [key for key in jwt.PyJWKSet.from_dict(_kept(client, address, kept)).keys if name is None or key.key_id == name]
        if len(keys) == 1:
            return keys[0]
    raise NotSignedIn("its key is not among the provider's")


def _endpoint(client: Client, name: str) -> str:
    url = _said(client).get(name)
    if not isinstance(url, str):
        raise NotSignedIn(f"it names no {name}")
    return url


def _kept(client: Client, url: str, kept: int = _KEPT) -> dict[str, Any]:
    asked, found = _documents.get(url, (None, {}))
    if asked is None or clock.steady() - asked >= kept:
        found = _asked(client, "GET", url, {"accept": "application/json"}, None)
        _documents[url] = (clock.steady(), found)
    return found


def _asked(client: Client, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> dict[str, Any]:
    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    try:
        answer = Http(f"{parts.scheme}://{parts.netloc}", client.ca_file).send(method, path, headers, body=body)
        found = read_json(answer.body)
    except Unreachable as wrong:
        raise NotSignedIn("the identity provider cannot be reached") from wrong
    except ValueError as wrong:
        raise NotSignedIn("the identity provider says nothing that can be read") from wrong
    if answer.status != 200 or not isinstance(found, dict):
        raise NotSignedIn(f"the identity provider answers {answer.status}")
    return found
