"""What every page says to the browser: load nothing from elsewhere, run nothing that stands in the page, be framed by nobody."""

from collections.abc import Callable

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse

#: No script or style in a page itself: what somebody manages to write into a name is text, whatever it says.
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self'; "
    "form-action 'self'{more}; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Cautious:
    """Outermost of the middleware. ``response.form_action``: another origin that a form of the page may lead to;
    ``response.policy``: what holds instead for what is shown in a frame of a page of ours."""

    def __init__(self, answer: Callable[[HttpRequest], HttpResponse]) -> None:
        self._answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            request.get_host()
        except DisallowedHost:  # pages.url names the host under which people know us
            response: HttpResponse = HttpResponse("no such host here\n", status=400, content_type="text/plain")
        else:
            response = self._answer(request)
        more, own = getattr(response, "form_action", ""), getattr(response, "policy", "")
        for name, value in _HEADERS.items():
            response.headers[name] = value
        response.headers["Content-Security-Policy"] = own or POLICY.format(more=f" {more}" if more else "")
        if own:
            response.headers["X-Frame-Options"] = "SAMEORIGIN"
        if request.is_secure():
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
        return response
