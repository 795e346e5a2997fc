"""The front end nginx: ``auth_request`` asks ``/decide``, and a proven login that is denied is shown ``/denied``.

``/decide`` answers 204 or 403 and never anything else on purpose: other codes are an error to nginx. Its headers go back
to nginx, not to the phone: ``X-Countermand-Reason``, ``X-Countermand-Because`` (lineage ids), and ``X-Countermand-Sighting``,
a token under which nginx reports that the login was proven (gates.sightings); and ``X-Countermand-Lasts``: whole seconds until a
due that is known, by which what hangs must have ended.
"""

import re
from collections.abc import Callable
from functools import lru_cache

from countermand.core.decision import Decision
from countermand.gates.http import Request, Response
from countermand.gates.subject import Subject, plain_subject, subject

_NO_STORE = (b"Cache-Control", b"no-store")
#: A question as nginx asks it with the recipe of server.conf, nothing more and nothing less, of most phones: (credentials in
#: base64, query). One match instead of a parser, a table of headers and look-ups in it: a third of what a decision took.
_AS_PRINTED = re.compile(
    rb"GET /decide HTTP/1\.1\r\nHost: [!-~]+\r\nAuthorization: Basic ([A-Za-z0-9+/]+={0,2})\r\n"
    rb"X-Original-URI: [!->@-~]+\?([!-$&-~]+)\r\n\r\n"
).fullmatch
#: Seconds for which nginx may use this answer while the gate gives none, if it is configured to keep answers at all.
_KEEP_LAST = (b"X-Accel-Expires", b"300")


def asked(request: Request, login_header: bytes = b"", trusted: Callable[[bytes], str] | None = None) -> Subject:
    """Who asks, from the headers of the recipe in nginx.conf. ``login_header``: lower-case name of a header that the
    operator says is set by the front end after authentication, and that ``trusted`` reads; without it Basic credentials count."""
    headers = request.headers
    return subject(
        headers.get(b"authorization", b""),
        headers.get(b"x-original-uri", b""),
        headers.get(b"x-client-fingerprint", b""),
        trusted(headers.get(login_header, b"")) if trusted else None,
    )


def plainly_asked(arrived: bytes) -> Subject | None:
    """The same as ``asked`` for Basic credentials, from what arrived on the connection; None if that is to be parsed."""
    found = _AS_PRINTED(arrived)
    return plain_subject(*found.groups()) if found else None


@lru_cache(maxsize=256)
def answer(decision: Decision) -> Response:
    """A decision in the words of auth_request: the same few again and again."""
    return answer_with(decision, "", None)


def answer_with(decision: Decision, sighting: str, lasts: int | None) -> Response:
    """The same with a token for a device that the fleet does not know, '' for none; and for how many milliseconds it holds at
    most, None if no end is known."""
    headers = [(b"X-Countermand-Reason", decision.reason.encode()), _NO_STORE, _KEEP_LAST]
    if decision.because:
        headers.append((b"X-Countermand-Because", ",".join(decision.because).encode("ascii", "replace")))
    if sighting:
        headers.append((b"X-Countermand-Sighting", sighting.encode()))
    if lasts is not None:
        headers.append((b"X-Countermand-Lasts", b"%d" % (lasts // 1000)))
    return Response(204 if decision.allow else 403, headers=tuple(headers))


def page(text: str) -> Response:
    """What the phone is shown: 403 in plain text, which stops ActiveSync clients without a password prompt."""
    return Response(403, (text + "\n").encode(), headers=(_NO_STORE,))


def because(request: Request) -> list[str]:
    """The lineage ids that nginx hands back from the decision."""
    text = request.headers.get(b"x-countermand-because", b"").decode("ascii", "replace")
    return [lineage for lineage in text.split(",") if lineage]
