"""A notice as a mail program shows it: its HTML in a frame that runs nothing, loads nothing and leads nowhere.

The HTML travels in the frame's address, signed, so that nothing is stored for it and any process of ours can answer; what we did
not make is not shown.
"""

import base64
import hashlib
import re

from django.core.signing import BadSignature, Signer
from django.http import HttpResponse

from countermand.web.console.desk import Desk
from countermand.web.console.screens import screen

#: Mail programs know no sheets: what a notice looks like stands in it. Exactly these styles are let in, by their digests.
_STYLES = (re.compile(r'\sstyle="([^"]*)"'), re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL))
_POLICY = (
    "default-src 'none'; style-src 'unsafe-hashes' {styles}; sandbox; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


@screen("write/mail/<str:letter>/", action="oversee", about="a notice that is previewed", passive=True)
def mail(desk: Desk, letter: str) -> HttpResponse:
    """The HTML of a notice, for a frame."""
    try:
        (html,) = _signer().unsign_object(letter)
    except (BadSignature, ValueError, TypeError):
        return desk.page("missing.html", 404)
    response = HttpResponse(html)
    response.policy = _POLICY.format(styles=" ".join(_digests(html)))  # type: ignore[attr-defined]
    return response


def address(html: str) -> str:
    """Where the frame finds it: one address for the same HTML. Lines end as browsers read them before they digest styles."""
    plain = html.replace("\r\n", "\n")
    return f"/console/write/mail/{_signer().sign_object([plain], compress=True)}/"


def _signer() -> Signer:
    return Signer(salt="a notice that is previewed")


def _digests(html: str) -> list[str]:
    styles = sorted({style for pattern in _STYLES for style in pattern.findall(html)})
    return [f"'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'" for style in styles]
