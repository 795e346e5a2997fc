"""Passkeys (Web Authentication, Level 2): made and used in a browser, verified here or offline by an auditor.

A public key is one line, ``webauthn <site> <credential> <key>``: the site's name that the authenticator binds it to, the
credential's id and its COSE key, both in base64url. What signs a text is the assertion of a challenge that is the text's
SHA-256; it is kept whole, as JSON. The authenticator must have verified its owner (by a PIN, a finger, a face).
"""

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from countermand.lib.read_json import read_json

KIND = "webauthn"
#: Nobody's authenticator answers with more than this.
_LONGEST = 16_384


class NotVerified(Exception):
    """What a browser sent is not what was asked for, or does not hold. The words hold nothing of theirs."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where passkeys are used: ``origin`` as a browser says it; ``site``: its host, to which they are bound; ``name``: shown."""

    origin: str
    name: str

    @property
    def site(self) -> str:
        return urlsplit(self.origin).hostname or ""


@dataclass(frozen=True, slots=True)
class New:
    credential: str
    public_key: str
    counter: int


def place(url: str, name: str) -> Place:
    parts = urlsplit(url)
    return Place(f"{parts.scheme}://{parts.netloc}", name)


def to_make(at: Place, operator: str, handle: bytes, have: list[str], challenge: bytes) -> str:
    """What to hand to ``navigator.credentials.create``, as JSON. ``handle``: the account, in random bytes; ``have``: ids of
    credentials that it has already."""
    import webauthn
    from webauthn.helpers import structs

    options = webauthn.generate_registration_options(
        rp_id=at.site,
        rp_name=at.name,
        user_id=handle,
        user_name=operator,
        challenge=challenge,
        exclude_credentials=[structs.PublicKeyCredentialDescriptor(id=_bytes(one)) for one in have],
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.PREFERRED,
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        ),
    )
    return webauthn.options_to_json(options)


def made(at: Place, answer: str, challenge: bytes) -> New:
    """What the browser made. NotVerified."""
    import webauthn

    try:
        found = webauthn.verify_registration_response(
            credential=_short(answer),
            expected_challenge=challenge,
            expected_rp_id=at.site,
            expected_origin=at.origin,
            require_user_verification=True,
        )
    except Exception as wrong:  # the library's own errors, and those of what it decodes with
        raise NotVerified(type(wrong).__name__) from wrong
    credential = _text(found.credential_id)
    return New(credential, f"{KIND} {at.site} {credential} {_text(found.credential_public_key)}", found.sign_count)


def to_use(at: Place, have: list[str], challenge: bytes) -> str:
    """What to hand to ``navigator.credentials.get``, as JSON. ``have``: the ids to choose from; empty: whatever the
    authenticator has for this site."""
    import webauthn
    from webauthn.helpers import structs

    options = webauthn.generate_authentication_options(
        rp_id=at.site,
        challenge=challenge,
        allow_credentials=[structs.PublicKeyCredentialDescriptor(id=_bytes(one)) for one in have],
        user_verification=structs.UserVerificationRequirement.REQUIRED,
    )
    return webauthn.options_to_json(options)


def credential_of(answer: str) -> str:
    """The id of the credential that an answer says it was made with. NotVerified."""
    try:
        found = read_json(_short(answer))["id"]
    except (ValueError, KeyError, TypeError) as wrong:
        raise NotVerified("unreadable") from wrong
    if not isinstance(found, str):
        raise NotVerified("unreadable")
    return found


def counted(at: Place, key: str, answer: str, challenge: bytes, counter: int) -> int:
    """The authenticator's counter, if the answer is this key's to this challenge, here and now. NotVerified."""
    return _verified(key, _short(answer), challenge, at.origin, counter)


def is_key(key: str) -> bool:
    return key.startswith(f"{KIND} ")


def is_assertion(signature: str) -> bool:
    return signature.startswith("{")


def fingerprint(key: str) -> str:
    """SHA-256 of the line, as the ledger names it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key.encode()).digest()).decode().rstrip("=")


def challenge_of(text: str) -> bytes:
    """What is put before an authenticator to sign a text."""
    return hashlib.sha256(text.encode()).digest()


def verifies(key: str, signature: str, text: str) -> bool:
    """True if ``signature`` (an assertion, as kept) is this key's over ``text``, made at a page of the key's site."""
    try:
        origin = _origin(signature)
        site = key.split()[1]
        host = urlsplit(origin).hostname or ""
        if host != site and not host.endswith(f".{site}"):
            return False
        _verified(key, _short(signature), challenge_of(text), origin, 0)
    except (NotVerified, IndexError):
        return False
    return True


def _origin(answer: str) -> str:
    try:
        said = read_json(_bytes(read_json(_short(answer))["response"]["clientDataJSON"]))["origin"]
    except (ValueError, KeyError, TypeError) as wrong:
        raise NotVerified("unreadable") from wrong
    return str(said)


def _verified(key: str, answer: str, challenge: bytes, origin: str, counter: int) -> int:
    import webauthn

    kind, site, credential, public = key.split()
    try:
        if kind != KIND or credential_of(answer) != credential:
            raise NotVerified("of another key")
        found: Any = webauthn.verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=site,
            expected_origin=origin,
            credential_public_key=_bytes(public),
            credential_current_sign_count=counter,
            require_user_verification=True,
        )
    except NotVerified:
        raise
    except Exception as wrong:
        raise NotVerified(type(wrong).__name__) from wrong
    return int(found.new_sign_count)


def _short(answer: str) -> str:
    if not answer or len(answer) > _LONGEST:
        raise NotVerified("empty or too long")
    return answer


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _text(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def kept(answer: str) -> str:
    """An assertion as it is stored with what it signed: all that verifying needs, and nothing of what else a browser adds.
    NotVerified."""
    try:
        plain = read_json(_short(answer))
        response = {name: str(plain["response"][name]) for name in ("authenticatorData", "clientDataJSON", "signature")}
        whole = {"id": str(plain["id"]), "rawId": str(plain["rawId"]), "type": "public-key", "response": response}
    except (ValueError, KeyError, TypeError) as wrong:
        raise NotVerified("unreadable") from wrong
    return json.dumps(whole, sort_keys=True, separators=(",", ":"))
