"""What mail providers post: proven by their signatures, and read for what did not arrive."""

import json
from typing import Any

import pytest

import posts
from countermand.core.errors import Refused
from countermand.core.instants import DAY, MINUTE, from_iso
from countermand.notices import providers
from countermand.notices.bounces import Report
from countermand.notices.returning import Returning

NOW = from_iso("2020-07-10T12:00:00Z")
BACK = Returning(b"k" * 32, "bounces+{tag}@example.org")
PATH = BACK.path(7, (1, 2, "issued", ""))
TAG = BACK.tag_in([PATH])
ID = "<0123456789abcdef@example.org>"


def refused(call: Any) -> str:
    with pytest.raises(Refused) as caught:
        call()
    return caught.value.code


def taken(post: dict[str, Any], at: int = NOW, topics: tuple[str, ...] = (posts.TOPIC,)) -> list[Report]:
    found = providers.envelope(json.dumps(post).encode(), topics)
    assert found.certificate == (posts.HOST, posts.CERTIFICATE)
    providers.prove(found, posts.certificate(NOW), at)
    return providers.ses(found.message, BACK)


def test_ses_names_the_message_by_its_return_path_or_its_headers() -> None:
    why = "5.1.1 550 5.1.1 no such mailbox"
    assert taken(posts.sns(posts.bounce(PATH, ID))) == [Report(ID, True, why, TAG)]
    assert taken(posts.sns(posts.bounce(PATH, headers=False), Subject="Amazon SES")) == [Report("", True, why, TAG)]
    assert taken(posts.sns(posts.bounce("security@example.org", ID))) == [Report(ID, True, why)]


@pytest.mark.parametrize(
    ("kind", "action", "failed"),
    [
        ("Permanent", "", True),
        ("Undetermined", "", True),
        ("Transient", "failed", True),
        ("Transient", "", False),
        ("Transient", "delayed", False),
    ],
)
def test_what_is_only_late_or_a_note_of_absence_did_not_come_back(kind: str, action: str, failed: bool) -> None:
    recipients = [{"emailAddress": "ann@example.org", **({"action": action} if action else {})}]
    assert taken(posts.sns(posts.bounce(PATH, kind=kind, bouncedRecipients=recipients)))[0].failed is failed


@pytest.mark.parametrize("said", [{"notificationType": "Complaint"}, {"notificationType": "Delivery"}, {"eventType": "Open"}, {}])
def test_what_arrived_is_no_bounce(said: dict[str, Any]) -> None:
    assert taken(posts.sns(said)) == []


def test_a_bounce_by_event_publishing_is_one_too() -> None:
    said = posts.bounce(PATH)
    said["eventType"] = said.pop("notificationType")
    assert taken(posts.sns(said))[0].tag == TAG


@pytest.mark.parametrize("name", ["Message", "MessageId", "Timestamp"])
def test_nothing_that_is_signed_can_be_changed(name: str) -> None:
    post = posts.sns(posts.bounce(PATH))
    post[name] = post[name].replace("2", "3")
    assert refused(lambda: taken(post)) == "unknown-token"


@pytest.mark.parametrize(
    "more",
    [
        {"TopicArn": "arn:aws:sns:eu-west-1:999999999999:bounces"},
        {"Type": "Else"},
        {"SigningCertURL": f"https://evil.example.net{posts.CERTIFICATE}"},
        {"SigningCertURL": f"http://{posts.HOST}{posts.CERTIFICATE}"},
        {"SigningCertURL": f"https://{posts.HOST}.evil.example.net{posts.CERTIFICATE}"},
        {"SigningCertURL": f"https://{posts.HOST}@evil.example.net{posts.CERTIFICATE}"},
        {"SigningCertURL": f"https://{posts.HOST}/else.pem"},
        {"SigningCertURL": f"https://sns.us-east-1.amazonaws.com{posts.CERTIFICATE}"},
        {"Signature": "not base64!"},
    ],
)
def test_only_sns_itself_vouches_and_only_for_our_topic(more: dict[str, str]) -> None:
    assert refused(lambda: taken({**posts.sns(posts.bounce(PATH)), **more})) == "unknown-token"


def test_a_signature_by_sha1_is_refused_with_what_to_do() -> None:
    assert refused(lambda: taken(posts.sns(posts.bounce(PATH), version="1"))) == "sns-signature-old"


@pytest.mark.parametrize("at", [NOW - 200 * DAY, NOW + 200 * DAY])
def test_a_certificate_out_of_its_time_proves_nothing(at: int) -> None:
    assert refused(lambda: taken(posts.sns(posts.bounce(PATH)), at)) == "unknown-token"


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"[" * 100_000, b"\xff"])
def test_what_is_no_object_is_said(body: bytes) -> None:
    assert refused(lambda: providers.envelope(body, (posts.TOPIC,))) == "report-not-delivery"
    assert refused(lambda: providers.mailgun(posts.MAILGUN_KEY, body, BACK)) == "report-not-delivery"


def test_mailgun_counts_by_the_return_path_alone() -> None:
    def read(post: dict[str, Any], key: str = posts.MAILGUN_KEY) -> list[Report]:
        return providers.mailgun(key, json.dumps(post).encode(), BACK)

    assert read(posts.mailgun(PATH)) == [Report("", True, "550 5.1.1 no such mailbox", TAG)]
    assert read(posts.mailgun("security@example.org", message_id=ID[1:-1])) == [Report("", True, "550 5.1.1 no such mailbox")]
    assert not read(posts.mailgun(PATH, severity="temporary"))[0].failed
    assert read(posts.mailgun(PATH, event="delivered")) == []
    assert refused(lambda: read(posts.mailgun(PATH), "another")) == "unknown-token"
    assert refused(lambda: read(posts.mailgun(PATH), "")) == "unknown-token"
    assert refused(lambda: read({"event-data": {"event": "failed"}})) == "unknown-token"


def test_anybody_else_signs_as_standard_webhooks_do() -> None:
    reports = [
        {"return_path": PATH, "failed": True, "why": "550  no\nsuch mailbox"},
        {"message_id": ID[1:-1], "failed": True},
        {"return_path": PATH, "failed": "yes"},
    ]
    headers, body = posts.signed(reports, NOW)
    assert providers.signed(posts.SECRET, headers, body, NOW + MINUTE, BACK) == [
        Report("", True, "550 no such mailbox", TAG),
        Report(ID, True, ""),
        Report("", False, "", TAG),
    ]
    assert refused(lambda: providers.signed(posts.SECRET, {}, body, NOW, BACK)) == "unknown-token"


@pytest.mark.parametrize(
    ("secret", "more", "late"),
    [(posts.SECRET, b" ", 0), (posts.SECRET, b"", 6 * MINUTE), (posts.SECRET, b"", -6 * MINUTE), ("", b"", 0)],
)
def test_what_is_changed_or_too_old_or_by_nobody_proves_nothing(secret: str, more: bytes, late: int) -> None:
    headers, body = posts.signed([], NOW)
    assert refused(lambda: providers.signed(secret, headers, body + more, NOW + late, BACK)) == "unknown-token"
