"""What mail providers post when a message of ours did not arrive: who really posted it, and of which messages it speaks.

Amazon SES (by Amazon SNS), Mailgun, and anybody who signs as Standard Webhooks do. Values in, values out: what a signature is
checked against is handed in. Of a complaint and of a delivery nothing is taken; both say that the message arrived.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from countermand.core.errors import Refused
from countermand.core.instants import Instant, to_datetime
from countermand.lib import standard_webhooks
from countermand.lib.read_json import read_json
from countermand.notices.bounces import Report
from countermand.notices.returning import Returning

_WORDS = 300
_TOPIC = re.compile(r"arn:aws(?:-cn|-us-gov)?:sns:([a-z]{2}(?:-[a-z]+)+-\d{1,2}):\d{12}:[A-Za-z0-9_.-]{1,256}")
_CERTIFICATE = re.compile(r"/SimpleNotificationService-[0-9a-f]{16,64}\.pem")
#: SES's words for a bounce after which nobody tries again. Undetermined: in doubt nobody was told.
_FOR_GOOD = frozenset({"Permanent", "Undetermined"})
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}


def unproven() -> Refused:
    """The one answer to whoever cannot prove who they are."""
    return Refused("unknown-token")


# -- anybody who signs as Standard Webhooks do --


def signed(secret: str, headers: Mapping[str, str], body: bytes, now: Instant, returning: Returning) -> list[Report]:
    """``{"reports": [{"return_path": …, "message_id": …, "failed": true, "why": …}]}``. Refused ``unknown-token``,
    ``report-not-delivery``."""
    if not secret or not standard_webhooks.genuine(secret, headers, body, now):
        raise unproven()
    found = _object(body).get("reports")
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise Refused("report-not-delivery", why="it has no list named reports")
    return [
        _report(one.get("message_id"), one.get("return_path"), failed=one.get("failed") is True, why=one.get("why"), at=returning)
        for one in found
    ]


# -- Mailgun --


def mailgun(key: str, body: bytes, returning: Returning) -> list[Report]:
    """Mailgun signs a time and a token and not what it says, and sends the same again for hours: so a tag, which only the
    message itself had, counts and its Message-ID alone does not. Refused ``unknown-token``, ``report-not-delivery``."""
    said = _object(body)
    proof, event = _part(said, "signature"), _part(said, "event-data")
    made = hmac.new(key.encode(), f"{_text(proof, 'timestamp')}{_text(proof, 'token')}".encode(), hashlib.sha256).hexdigest()
    if not key or not hmac.compare_digest(made.encode(), _text(proof, "signature").encode("utf-8", "replace")):
        raise unproven()
    if event.get("event") != "failed":
        return []
    status = _part(event, "delivery-status")
    why = f"{status.get('code', '')} {status.get('message') or status.get('description') or event.get('reason', '')}"
    sender = _part(event, "envelope").get("sender")
    return [_report("", sender, failed=event.get("severity") == "permanent", why=why, at=returning)]


# -- Amazon SES, by Amazon SNS --


@dataclass(frozen=True, slots=True)
class Envelope:
    """What SNS posted, not proven yet. ``certificate``: (host, path) of the certificate that proves it."""

    kind: str
    topic: str
    message: str
    confirm: str
    certificate: tuple[str, str]
    signature: bytes
    text: bytes


def envelope(body: bytes, topics: tuple[str, ...]) -> Envelope:
    """Refused ``unknown-token`` for a topic that is not on the list, and for a certificate that is not SNS's own in the
    topic's region; ``sns-signature-old`` for what is signed with SHA-1."""
    said = _object(body)
    kind, topic = _text(said, "Type"), _text(said, "TopicArn")
    region = _TOPIC.fullmatch(topic)
    if region is None or topic not in topics or kind not in _SIGNED:
        raise unproven()
    host = f"sns.{region[1]}.amazonaws.com" + (".cn" if topic.startswith("arn:aws-cn:") else "")
    path = _text(said, "SigningCertURL").removeprefix(f"https://{host}")
    if not _CERTIFICATE.fullmatch(path):
        raise unproven()
    if _text(said, "SignatureVersion") != "2":
        raise Refused("sns-signature-old", topic=topic)
    confirm = _text(said, "SubscribeURL").removeprefix(f"https://{host}")
    text = "".join(f"{name}\n{_text(said, name)}\n" for name in _SIGNED[kind] if name in said)
    try:
        signature = base64.b64decode(_text(said, "Signature"), validate=True)
    except binascii.Error:
        raise unproven() from None
    return Envelope(kind, topic, _text(said, "Message"), confirm, (host, path), signature, text.encode())


def prove(one: Envelope, certificate: bytes, now: Instant) -> None:
    """Refused ``unknown-token`` unless the certificate's key signed it."""
    try:
        found = x509.load_pem_x509_certificate(certificate)
        key = found.public_key()
        if not found.not_valid_before_utc <= to_datetime(now) <= found.not_valid_after_utc or not isinstance(key, RSAPublicKey):
            raise unproven()
        key.verify(one.signature, one.text, PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        raise unproven() from None


def ses(message: str, returning: Returning) -> list[Report]:
    """What SES says in a proven notification. SES gives messages a name of its own: the return path tells which it was, or
    the headers where they are sent along. Refused ``report-not-delivery``."""
    said = _object(message.encode())
    if said.get("notificationType", said.get("eventType")) != "Bounce":
        return []
    mail, bounce = _part(said, "mail"), _part(said, "bounce")
    headers = [one for one in mail.get("headers") or () if isinstance(one, dict)]
    name = next((one.get("value") for one in headers if str(one.get("name", "")).lower() == "message-id"), "")
    recipients = [one for one in bounce.get("bouncedRecipients") or () if isinstance(one, dict)]
    failed = bounce.get("bounceType") in _FOR_GOOD or any(one.get("action") == "failed" for one in recipients)
    first = recipients[0] if recipients else {}
    why = f"{first.get('status', '')} {str(first.get('diagnosticCode', '')).partition(';')[2] or bounce.get('bounceSubType', '')}"
    return [_report(name, mail.get("source"), failed=failed, why=why, at=returning)]


# -- reading --


def _report(name: Any, path: Any, *, failed: bool, why: Any, at: Returning) -> Report:
    words = "".join(char for char in " ".join(str(why or "").split()) if char.isprintable())[:_WORDS]
    message_id = name.strip() if isinstance(name, str) else ""
    if message_id and not message_id.startswith("<"):
        message_id = f"<{message_id}>"
    return Report(message_id[:255], failed, words, at.tag_in([path] if isinstance(path, str) else []))


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = read_json(body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Refused("report-not-delivery", why="it is no JSON object")
    return found


def _part(said: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = said.get(name)
    return found if isinstance(found, dict) else {}


def _text(said: Mapping[str, Any], name: str) -> str:
    found = said.get(name)
    return found if isinstance(found, str) else ""
