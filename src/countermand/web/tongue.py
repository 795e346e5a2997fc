"""In which language a page speaks: as asked for in the address, else as chosen before, else as the browser wishes."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from countermand.core.languages import LANGUAGES, accepted, chosen, spoken
from countermand.web.site import CONFIG

_COOKIE = "language"
_A_YEAR = 365 * 86_400


class Tongue:
    """Leaves ``request.language`` and, for dates, ``request.tag`` (the browser's own, "en-US")."""

    def __init__(self, answer: Callable[[HttpRequest], HttpResponse]) -> None:
        self._answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        asked = request.GET.get("language", "")
        asked = asked if asked in LANGUAGES else ""
        wishes = [asked, request.COOKIES.get(_COOKIE, ""), *accepted(request.headers.get("Accept-Language", ""))]
        config = request.scope[CONFIG]  # type: ignore[attr-defined]
        request.language = chosen(wishes, config.notices.language)  # type: ignore[attr-defined]
        request.tag = next((tag for tag in wishes[1:] if spoken(tag) == request.language), "")  # type: ignore[attr-defined]
        response = self._answer(request)
        response.headers["Content-Language"] = request.language  # type: ignore[attr-defined]
        if asked:
            response.set_cookie(_COOKIE, asked, max_age=_A_YEAR, httponly=True, samesite="Lax", secure=request.is_secure())
        return response
