"""What mail providers post, in the shapes that they publish, signed as they sign."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from countermand.core.instants import SECOND, Instant, to_datetime
from countermand.lib.standard_webhooks import key_of, signature

TOPIC = "arn:aws:sns:eu-west-1:123456789012:bounces"
HOST = "sns.eu-west-1.amazonaws.com"
CERTIFICATE = "/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem"
MAILGUN_KEY = "key-for-tests"
SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()


@cache
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@cache
def certificate(at: Instant) -> bytes:
    """The certificate that stands at SNS's address, for a year around that time."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    now = to_datetime(at).astimezone(UTC).replace(microsecond=0)
    made = x509.CertificateBuilder(
        name, name, _key().public_key(), x509.random_serial_number(), now - timedelta(days=180), now + timedelta(days=180)
    ).sign(_key(), SHA256())
    return made.public_bytes(Encoding.PEM)


def bounce(source: str, message_id: str = "", kind: str = "Permanent", *, headers: bool = True, **more: Any) -> dict[str, Any]:
    """SES's words on one message."""
    mail: dict[str, Any] = {"source": source, "messageId": "0000014a-f4d4-4f89-b93d-000000", "destination": ["ann@example.org"]}
    if headers:
        mail["headers"] = [{"name": "From", "value": "security@example.org"}, {"name": "Message-ID", "value": message_id}]
    recipient = {
        "emailAddress": "ann@example.org", "status": "5.1.1", "action": "failed",
        "diagnosticCode": "smtp; 550 5.1.1 no such mailbox",
    }  # fmt: skip
    said = {"bounceType": kind, "bounceSubType": "General", "bouncedRecipients": [recipient], **more}
    return {"notificationType": "Bounce", "bounce": said, "mail": mail}


def sns(message: dict[str, Any] | str, *, kind: str = "Notification", version: str = "2", **more: Any) -> dict[str, Any]:
    """What SNS posts around it."""
    said: dict[str, Any] = {
        "Type": kind,
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": TOPIC,
        "Message": message if isinstance(message, str) else json.dumps(message),
        "Timestamp": "2020-07-10T12:00:00.000Z",
        "SignatureVersion": version,
        "SigningCertURL": f"https://{HOST}{CERTIFICATE}",
        **more,
    }
    if kind == "SubscriptionConfirmation":
        said |= {"Token": "t0k3n", "SubscribeURL": f"https://{HOST}/?Action=ConfirmSubscription&Token=t0k3n"}
        names = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    else:
        names = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
    text = "".join(f"{name}\n{said[name]}\n" for name in names if name in said)
    return {**said, "Signature": base64.b64encode(_key().sign(text.encode(), PKCS1v15(), SHA256())).decode()}


def mailgun(sender: str, severity: str = "permanent", event: str = "failed", message_id: str = "x@example.org") -> dict[str, Any]:
    stamp, token = "1594382400", "e0b5477167110d68991efc6b9f89f0a11066af27834600e123"
    made = hmac.new(MAILGUN_KEY.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
    return {
        "signature": {"timestamp": stamp, "token": token, "signature": made},
        "event-data": {
            "event": event,
            "severity": severity,
            "reason": "bounce",
            "recipient": "ann@example.org",
            "envelope": {"sender": sender, "transport": "smtp", "targets": "ann@example.org"},
            "message": {"headers": {"message-id": message_id, "to": "ann@example.org"}},
            "delivery-status": {"code": 550, "message": "5.1.1 no such mailbox", "attempt-no": 1},
        },
    }


def signed(reports: list[dict[str, Any]], at: Instant, secret: str = SECRET) -> tuple[dict[str, str], bytes]:
    """Headers and body as Standard Webhooks have them."""
    body = json.dumps({"reports": reports}).encode()
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(at // SECOND)}
    return {**headers, "webhook-signature": "v1,AAAA " + signature(key_of(secret), "msg_1", at // SECOND, body)}, body
