"""Operators at a certified identity provider: their groups are their roles here, their seats end, and when it is down those who
have a passkey come in all the same."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode, urljoin, urlsplit
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, Request, build_opener

import pytest
from console_house import URL, ConsoleHouse, console_house
from identity import SECRET, provider
from page_house import Browser, Page

from countermand.config import Console, Database
from countermand.core.instants import HOUR, MINUTE
from countermand.lib import clock, openid
from countermand.store import operators

pytestmark = [pytest.mark.live, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]
BACK = f"{URL}/console/sign-in/back/"
ROLES = {"mail-authors": ("author",), "mail-approvers": ("approver",), "mail-on-call": ("operator",)}


@dataclass
class Stage:
    house: ConsoleHouse
    issuer: str

    def comes(self, login: str) -> tuple[Browser, Page]:
        """Somebody goes to the provider, says who they are and agrees; the provider's groups follow the name after a +."""
        browser = self.house.browser()
        begun = browser.get("/console/sign-in/provider/?to=/console/keys/")
        assert begun.status == 302, begun.words
        parts = urlsplit(_through(begun.headers["location"], login))
        return browser, browser.get(f"{parts.path}?{parts.query}")


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, req, fp, code, msg, headers, newurl):  # type: ignore[no-untyped-def]
        return None if newurl.startswith(BACK) else super().redirect_request(req, fp, code, msg, headers, newurl)

    def http_error_303(self, req, fp, code, msg, headers):  # type: ignore[no-untyped-def]
        return fp if headers["location"].startswith(BACK) else super().http_error_302(req, fp, code, msg, headers)

    http_error_302 = http_error_303


def _through(url: str, login: str) -> str:
    """The provider's own pages, as a browser goes through them; the address to which it sends whoever is done."""
    window = build_opener(HTTPCookieProcessor(CookieJar()), _Stay)
    answer = window.open(url)
    for _ in range(4):
        if (to := answer.headers.get("location", "")).startswith(BACK):
            return str(to)
        text = answer.read().decode()
        action = re.findall(r'action="([^"]+)"', text)[0]
        fields = dict(re.findall(r'name="(prompt)" value="([^"]*)"', text)) | {"login": login, "password": "anything"}
        answer = window.open(Request(urljoin(answer.url, action), urlencode(fields).encode()))
    raise AssertionError("the provider leads nowhere")


@pytest.fixture
def stage(store: Database, tmp_path: Path) -> Iterator[Stage]:
    openid._documents.clear()
    (tmp_path / "oidc.secret").write_text(SECRET)
    with provider(BACK) as issuer:
        known = Console(issuer=issuer, client_id="countermand", client_secret_file=tmp_path / "oidc.secret", roles=ROLES)
        house = console_house(store, tmp_path / "state", console=known)
        yield Stage(house, issuer)
        house.site.end()
    openid._documents.clear()


def roles_of(name: str) -> frozenset[str]:
    found = operators.find(name)
    return found.roles if found else frozenset()


def test_groups_are_roles_seats_end_and_without_the_provider_a_passkey_opens(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, came = stage.comes("carla+mail-authors+football")
    assert (came.status, came.headers["location"]) == (303, "/console/keys/")
    assert browser.get("/console/write/").status == 200
    assert "not-allowed" in browser.get("/console/settings/protected/").text
    assert roles_of("carla") == {"author"}

    _, came = stage.comes("carla+mail-approvers+mail-on-call")  # her groups are others by now
    assert (came.status, roles_of("carla")) == (303, {"approver", "operator"})
    assert "not-allowed" in browser.get("/console/write/").text  # at the seat that she had, too
    assert operators.find("carla").may_approve_from > clock.now()  # type: ignore[union-attr]

    for stranger in ("dora+football", "dora"):
        assert "no-account" in stage.comes(stranger)[1].text
    assert "no-account" in stage.comes("carla")[1].text  # who lost every group is nobody
    assert (operators.find("dora"), "administrator" in roles_of("carla")) == (None, False)

    _, came = stage.comes("administrator+mail-authors")  # opened by hand: keeps its roles, and administers by passkey alone
    assert (came.status, roles_of("administrator")) == (303, {"administrator"})

    later, came = stage.comes("erik+mail-on-call")
    assert came.status == 303
    began = clock.now()
    seen = []
    for spent in range(0, 11 * HOUR, 20 * MINUTE):
        monkeypatch.setattr(clock, "now", lambda spent=spent: began + spent)
        seen.append(later.get("/console/").status)
    assert seen.index(303) * 20 * MINUTE in (10 * HOUR, 10 * HOUR + 20 * MINUTE)  # the absolute limit
    monkeypatch.setattr(clock, "now", lambda: began)
    idle, _ = stage.comes("erik+mail-on-call")
    monkeypatch.setattr(clock, "now", lambda: began + 31 * MINUTE)
    assert idle.get("/console/").status == 303
    monkeypatch.undo()


def test_when_the_provider_is_down_operators_come_in_by_passkey(store: Database, tmp_path: Path) -> None:
    """It was there a moment ago, and what it said of itself is remembered: also then nothing waits for it."""
    (tmp_path / "oidc.secret").write_text(SECRET)
    with provider(BACK) as issuer:
        known = Console(issuer=issuer, client_id="countermand", client_secret_file=tmp_path / "oidc.secret", roles=ROLES)
        house = console_house(store, tmp_path / "state", console=known)
        Stage(house, issuer).comes("carla+mail-on-call")
        late = house.browser()
        begun = late.get("/console/sign-in/provider/")
        parts = urlsplit(_through(begun.headers["location"], "carla+mail-on-call"))
    refused = late.get(f"{parts.path}?{parts.query}")
    assert (refused.status, "cannot be reached" in refused.words) == (403, True)
    openid._documents.clear()
    assert "cannot be reached" in house.browser().get("/console/sign-in/provider/").words
    browser = house.signed_in("operator")
    assert "Sign out" in browser.get("/console/").words
    house.site.end()
