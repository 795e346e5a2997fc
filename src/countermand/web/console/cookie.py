"""The cookie by which a browser says that somebody is signed in at the console. It goes to the console's pages alone."""

from django.http import HttpRequest, HttpResponse

_NAME, _PATH = "console", "/console/"


def of(request: HttpRequest) -> str:
    return request.COOKIES.get(_NAME, "")


def give(request: HttpRequest, response: HttpResponse, secret: str, seconds: int) -> HttpResponse:
    """Lax, because somebody comes back from the identity provider; forms have their own protection."""
    response.set_cookie(_NAME, secret, max_age=seconds, path=_PATH, httponly=True, samesite="Lax", secure=request.is_secure())
    return response


def take(response: HttpResponse) -> HttpResponse:
    response.delete_cookie(_NAME, path=_PATH, samesite="Lax")
    return response
