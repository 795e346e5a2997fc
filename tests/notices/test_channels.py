"""Second channels: every service on the list composes requests that go out by our own way and by no other."""

import http.server
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

import pytest

from countermand.core.errors import Refused
from countermand.core.notices import Reader
from countermand.lib.http import Response, Unreachable
from countermand.lib.requested import REQUESTS, Carrier, RequestException, carried
from countermand.notices.channels import SERVICES, Channel, Words, channels, numbers, send, tame
from countermand.notices.mail import Result

WORDS = Words("Remove TikTok", "Hello Ann, please remove TikTok by Friday. Code ABCDE-23456", "ABCDE-23456")
ANN = Reader("ann", "ann@example.org", "Ann", "UTC", ())

#: As their documentation writes them; every key is made up.
ADDRESSES = {
    "slack": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/%23general",
    "workflows": "workflows://prod-1.westeurope.logic.azure.com:443/643e69f83c8944438d68119179a10a64/KODuebWbDGYFr0z0eusign",
    "gchat": "gchat://AAAAAAAAAAA/AIzaSyDdI0hCZtE6vySjMm/WEfRq3CPzqKqqsHI7O6fN74abpY%3D",
    "webex": "webex://Y3NiYzBhYmItZGE3NS00YzJhLWEyNmQtYjE4ZjVkYmI5ZjEwYzNiYzBhYmItZGE3NS00YzJhLWEyNmQtYjE4ZjVkYg",
    "mmosts": "mmosts://chat.example.org/3ccdd113474722377935511fc85d3dd4",
    "rockets": "rockets://user:password@chat.example.org/%23room",
    "zulip": "zulip://bot@example/ABCDEFGHIJKLMNOPQRSTUVWXYZ123456/general",
    "nctalks": "nctalks://user:password@cloud.example.org/room1",
    "ntfys": "ntfys://push.example.org/alarm",
    "signals": "signals://signal.example.org:443/+15551230000/{number}",
    "tgram": "tgram://123456789:alphanumeric-Key_withs0me_chars1234567/12345/",
    "twilio": "twilio://AC0123456789abcdef0123456789abcdef:0123456789abcdef0123456789abcdef@+15551230000/{number}",
    "vonage": "vonage://0123abcd:0123456789abcdef@15551230000/{number}",
    "msgbird": "msgbird://0123456789abcdefghijklmno/15551230000/{number}",
    "sinch": "sinch://0123456789abcdef0123456789abcdef:0123456789abcdef0123456789abcdef@15551230000/{number}",
    "clicksend": "clicksend://user:password@{number}",
    "d7sms": "d7sms://token@{number}",
    "bulksms": "bulksms://user:password@{number}",
    "sns": "sns://AHIAJGNT76XIMXDBIJYA/bu1dHSdO22pfaaVy%2FwmNsdljF4C07D3bndi9PQJ9/us-east-2/{number}",
    "jsons": "jsons://hooks.example.org/people/{login}",
    "forms": "forms://hooks.example.org/sms?-to={email}",
    "json": "json://127.0.0.1:8080/{login}",
    "form": "form://127.0.0.1:8080/{login}",
}


@dataclass
class Noting(Carrier):
    """Keeps what would go out, and answers everything as if it had been taken."""

    sent: list[tuple[str, str, bytes]] = field(default_factory=list)
    status: int | None = 200

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Response:
        self.statuses.append(self.status)
        self.sent.append((method, url, body or b""))
        if self.status is None:
            raise Unreachable("nobody there")
        login = b'{"status": "success", "ok": true, "data": {"authToken": "a", "userId": "u"}}'
        return Response(self.status, "application/json", login, {})


def channel(service: str) -> Channel:
    url = ADDRESSES[service]
    return Channel(service, url, personal="{" in url)


def handed(service: str, status: int | None = 200) -> tuple[tuple[Result, str], Noting]:
    noting, one = Noting(status=status), channel(service)
    url = one.to(ANN, {"ann": "+15551234567"}) if one.personal else one.url
    return send(one, url, WORDS, noting), noting


def test_the_list_and_its_addresses_are_of_a_length() -> None:
    assert SERVICES.keys() == ADDRESSES.keys()


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_what_a_service_composes_goes_out_by_our_way_alone(service: str) -> None:
    """The network of tests is this machine, and the hook that says so would have failed any other way out."""
    (result, _), noting = handed(service)
    assert noting.sent
    assert all(url.startswith(("https://", "http://127.0.0.1:")) for _, url, _ in noting.sent)
    said = unquote_plus(" ".join(url + body.decode() for _, url, body in noting.sent)).replace("\\", "")
    assert "ABCDE-23456" in said
    assert result in (Result.ACCEPTED, Result.REFUSED)
    if "{" in ADDRESSES[service]:
        assert "ann" in said or "15551234567" in said


@pytest.mark.parametrize(
    ("status", "result"),
    [
        (200, Result.ACCEPTED),
        (204, Result.ACCEPTED),
        (400, Result.REFUSED),
        (404, Result.REFUSED),
        (301, Result.REFUSED),
        (429, Result.RETRY),
        (500, Result.RETRY),
        (503, Result.RETRY),
        (None, Result.UNKNOWN),
    ],
)
def test_what_it_was_answered_says_what_became_of_it(status: int | None, result: Result) -> None:
    assert handed("jsons", status)[0][0] is result


def test_a_service_that_takes_little_gets_the_short_words() -> None:
    noting = Noting()
    long = Words("Remove TikTok", "x" * 500, "Friday, ABCDE-23456")
    send(channel("vonage"), channel("vonage").to(ANN, {"ann": "+15551234567"}), long, noting)
    said = unquote_plus(noting.sent[0][2].decode())
    assert "Friday, ABCDE-23456" in said
    assert "xxx" not in said


def test_words_name_no_maker_but_ours() -> None:
    said = " ".join(body.decode() for service in SERVICES for _, _, body in handed(service)[1].sent)
    assert "apprise" not in said.lower()


# -- files --


def test_a_file_of_channels() -> None:
    found = channels("# rooms\n\nroom slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/%23general\n", "rooms", personal=False)
    assert [(one.name, one.brand) for one in found] == [("room", "slack")]
    assert "TIiajkdnlazkcOXrIdevi7FQ" not in repr(found)


@pytest.mark.parametrize(
    ("line", "personal"),
    [
        ("Room jsons://hooks.example.org/", False),
        ("room", False),
        ("room mailto://user:secretword@example.org", False),
        ("room exec:///bin/secretword", False),
        ("room syslog://secretword", False),
        ("room jsons://hooks.example.org/{login}", False),
        ("room jsons://hooks.example.org/secretword", True),
        ("room jsons://hooks.example.org/{password}", True),
        ("room slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/?template=/etc/secretword", False),
        ("room slack://secretword", False),
        ("room twilio://secretword@{number}", True),
    ],
)
def test_what_cannot_be_a_channel_is_refused_without_its_address(line: str, personal: bool) -> None:
    with pytest.raises(Refused) as caught:
        channels(line, "file", personal=personal)
    assert caught.value.code == "channel-unfit"
    assert "secretword" not in str(caught.value)


def test_the_same_name_twice() -> None:
    with pytest.raises(Refused):
        channels("a jsons://x.example.org/\na jsons://y.example.org/", "file", personal=False)


def test_numbers_and_who_has_none() -> None:
    known = numbers("Ann, +4915112345678\nbob,none\n\ncarl,0151 2345\n")
    assert known == {"ann": "+4915112345678"}
    sms = channel("vonage")
    assert sms.to(ANN, {}) == ""
    assert "+4915112345678" in sms.to(ANN, known)


def test_a_person_cannot_write_into_an_address() -> None:
    eve = Reader("../admin?to=all&x=", "e@x", "", "UTC", ())
    assert channel("jsons").to(eve, {}) == "jsons://hooks.example.org/people/..%2Fadmin%3Fto%3Dall%26x%3D"


@pytest.mark.parametrize("value", ["<!channel>", "@here", "[x](http://y)`*bold*", "#general"])
def test_values_of_people_are_no_commands(value: str) -> None:
    assert not set("@<>`*#") & set(tame(value))


# -- the way out --


@contextmanager
def listening(status: int = 200) -> Iterator[tuple[str, list[Any]]]:
    heard: list[Any] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            heard.append((self.path, dict(self.headers), body))
            self.send_response(status)
            if status == 302:
                self.send_header("location", "/elsewhere")
            self.end_headers()

        def log_message(self, *arguments: Any) -> None:
            return

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}", heard
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_webhook_of_this_house_hears_it() -> None:
    with listening() as (at, heard):
        one = Channel("hook", f"json://{at}/p/{{login}}?-x=1", True)
        assert send(one, one.to(ANN, {}), WORDS, Carrier(private=frozenset({"127.0.0.1"})))[0] is Result.ACCEPTED
    path, _, body = heard[0]
    assert path.startswith("/p/ann")
    assert json.loads(body)["title"] == "Remove TikTok"
    assert "ABCDE-23456" in json.loads(body)["message"]


def test_a_redirect_is_not_followed() -> None:
    with listening(302) as (at, heard):
        one = Channel("hook", f"json://{at}/?redirect=yes", False)
        assert send(one, one.url, WORDS, Carrier(private=frozenset({"127.0.0.1"})))[0] is Result.REFUSED
    assert len(heard) == 1


@pytest.mark.parametrize("url", ["http://hooks.example.org/", "http://10.0.0.1/", "ftp://x.example.org/"])
def test_nothing_leaves_in_the_clear(url: str) -> None:
    with carried(Carrier()), pytest.raises(Refused) as caught:
        REQUESTS.post(url, verify=False)
    assert caught.value.code == "url-insecure"


def test_a_private_address_is_refused_unless_it_is_on_the_list() -> None:
    with listening() as (at, heard):
        one = Channel("hook", f"json://{at}/", False)
        result, why = send(one, one.url, WORDS, Carrier())
    assert (result, heard) == (Result.REFUSED, [])
    assert "127.0.0.1" in why


def test_a_drill_stays_at_home() -> None:
    one = channel("slack")
    result, why = send(one, one.url, WORDS, Carrier(home_only=True))
    assert result is Result.REFUSED
    assert "hooks.slack.com" in why


def test_nobody_sends_outside() -> None:
    with pytest.raises(LookupError):
        REQUESTS.get("https://example.org/")


def test_who_proves_themselves_and_what_is_encoded() -> None:
    with listening() as (at, heard), carried(Carrier(private=frozenset({"127.0.0.1"}))) as carrier:
        REQUESTS.post(f"http://{at}/a?x=1", params={"y": "2"}, data={"to": "ann"}, auth=("u", "p"))
        REQUESTS.request("post", f"http://{at}", json={"a": 1}, headers={"X-Key": "k"})
        with pytest.raises(ValueError, match="only a text"):
            REQUESTS.post(f"http://{at}", files={"a": b"x"})
        assert carrier.statuses == [200, 200]
    assert heard[0][0] == "/a?x=1&y=2"
    assert heard[0][1]["Authorization"] == "Basic dTpw"
    assert heard[0][2] == b"to=ann"
    assert heard[1][1]["X-Key"] == "k"
    assert json.loads(heard[1][2]) == {"a": 1}


def test_nobody_there_is_said() -> None:
    with carried(Carrier(private=frozenset({"127.0.0.1"}))), pytest.raises(RequestException):
        REQUESTS.get("http://127.0.0.1:1/")
