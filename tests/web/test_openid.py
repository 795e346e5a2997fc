"""Signing in: no token is believed that is not the provider's own, for us, for this question, and of now."""

import json
from collections.abc import Mapping
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from countermand.lib import clock, openid
from countermand.lib.openid import Client, NotSignedIn

ISSUER = "https://id.example.org"
CLIENT = Client(ISSUER, "us", "secret", "https://intranet.example.org/sign-in/back")
KEY, OTHER = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
SAID = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/auth",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/keys",
}


def jwk(key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
    return {**json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key())), "kid": "1", "alg": "ES256", "use": "sig"}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the provider answers, by address; changed by a test to have it lie."""
    answers: dict[str, Any] = {
        f"{ISSUER}/.well-known/openid-configuration": dict(SAID),
        f"{ISSUER}/keys": {"keys": [jwk(KEY)]},
    }

    def answer(client: Client, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Any:
        return answers[url]

    monkeypatch.setattr(openid, "_asked", answer)
    monkeypatch.setattr(openid, "_documents", {})
    return answers


def token(key: Any = KEY, algorithm: str = "ES256", kid: str = "1", **changes: Any) -> str:
    now = clock.now() // 1000
    said = {"iss": ISSUER, "aud": "us", "sub": "7", "iat": now, "exp": now + 60, "nonce": "n", "preferred_username": "ann"}
    claims = {name: value for name, value in {**said, **changes}.items() if value is not None}
    return jwt.encode(claims, key, algorithm, headers={"kid": kid})


def test_what_the_provider_signed_is_believed(asked: dict[str, Any]) -> None:
    asked[f"{ISSUER}/token"] = {"id_token": token()}
    assert openid.claims(CLIENT, "code", "n", "v")["preferred_username"] == "ann"


@pytest.mark.parametrize(
    "made",
    [
        lambda: token(OTHER),
        lambda: token("us" * 20, "HS256"),
        lambda: token(None, "none"),
        lambda: token(aud="them"),
        lambda: token(aud=["us", "them"]),
        lambda: token(iss="https://id.example.org.evil.example"),
        lambda: token(nonce="another"),
        lambda: token(nonce=None),
        lambda: token(sub=None),
        lambda: token(exp=clock.now() // 1000 - 120),
        lambda: token(iat=clock.now() // 1000 + 3600),
        lambda: "not.a.token",
        lambda: None,
    ],
    ids=["another's key", "our secret", "unsigned", "for them", "for them too", "of another", "another question", "no question",
         "of nobody", "run out", "of tomorrow", "no token", "nothing"],
)  # fmt: skip
def test_what_does_not_fit_signs_nobody_in(asked: dict[str, Any], made: Any) -> None:
    asked[f"{ISSUER}/token"] = {"id_token": made()}
    with pytest.raises(NotSignedIn):
        openid.claims(CLIENT, "code", "n", "v")


def test_a_provider_may_change_its_key_within_the_hour(asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    asked[f"{ISSUER}/token"] = {"id_token": token()}
    openid.claims(CLIENT, "code", "n", "v")
    asked[f"{ISSUER}/keys"] = {"keys": [jwk(OTHER) | {"kid": "2"}]}
    asked[f"{ISSUER}/token"] = {"id_token": token(OTHER, kid="2")}
    with pytest.raises(NotSignedIn):  # it is not asked at every try
        openid.claims(CLIENT, "code", "n", "v")
    later = clock.steady() + 61_000
    monkeypatch.setattr(clock, "steady", lambda: later)
    assert openid.claims(CLIENT, "code", "n", "v")["sub"] == "7"


def test_a_provider_that_calls_itself_otherwise_is_not_ours(asked: dict[str, Any]) -> None:
    asked[f"{ISSUER}/.well-known/openid-configuration"] |= {"issuer": "https://evil.example"}
    with pytest.raises(NotSignedIn):
        openid.ask(CLIENT)


def test_every_question_is_another_one(asked: dict[str, Any]) -> None:
    one, two = openid.ask(CLIENT), openid.ask(CLIENT)
    assert len({one.state, one.nonce, one.verifier, two.state, two.nonce, two.verifier}) == 6
    assert "code_challenge_method=S256" in one.url
    assert one.verifier not in one.url
