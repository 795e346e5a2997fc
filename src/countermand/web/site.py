"""Pages for people, as one ASGI door: static files from memory, and Django's own handler in threads for the rest.

Nothing here needs a script: pages are whole when they arrive, and forms are forms. Django brings sessions, forgery
protection and escaping; who may do what is the flows' to say, never a view's.
"""

import io
from collections.abc import Callable

from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.base import BaseHandler
from django.http import HttpResponseBase

from countermand.config import Config
from countermand.lib import keys
from countermand.lib.addresses import host_of
from countermand.web import static
from countermand.web.answers import Receive, Scope, Send, TooLong, answer, body_of, part, start
from countermand.web.streams import Events, Streams
from countermand.web.threads import Threads

#: A form of a page is a few fields; one of them may be a directive's text.
_LONGEST = 512 << 10
_THREADS, _FEW = 8, 2
#: INVARIANT: pages that stop an order have threads of their own, so that no page that counts a fleet stands before them.
_STOPS = ("/halt/", "/rescind/")
#: How long a sign-in lasts, in seconds: a working day.
_SIGNED_IN = 8 * 3600
#: Where the site leaves the installation's configuration, for views to find.
CONFIG = "countermand.config"


class Django(BaseHandler):
    """Django's, with the middleware of the settings."""

    def __init__(self) -> None:
        super().__init__()
        self.load_middleware()


def equip(config: Config) -> None:
    """Django's settings for pages, in the process that serves them."""
    address = config.pages.url or config.control.url
    secure = address.startswith("https:")
    ours = {address.rstrip("/"), config.control.url.rstrip("/"), config.console_url.removesuffix("/console/")}
    known = {*map(host_of, ours), "localhost", "127.0.0.1", "[::1]"}
    wanted = {
        "SECRET_KEY": keys.load_or_create_secret(config.state_dir / "keys" / "pages.secret").hex(),
        "ALLOWED_HOSTS": sorted(known - {""}),
        "ROOT_URLCONF": "countermand.web.addresses",
        "MIDDLEWARE": [
            "countermand.web.caution.Cautious",
            "countermand.web.tongue.Tongue",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
        ],
        "SESSION_ENGINE": "django.contrib.sessions.backends.signed_cookies",
        "SESSION_COOKIE_NAME": "session",
        "SESSION_COOKIE_AGE": _SIGNED_IN,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": secure,
        "CSRF_COOKIE_NAME": "forgery",
        "CSRF_COOKIE_HTTPONLY": True,
        "CSRF_COOKIE_SAMESITE": "Strict",
        "CSRF_COOKIE_SECURE": secure,
        "CSRF_TRUSTED_ORIGINS": sorted(ours),
        "CSRF_FAILURE_VIEW": "countermand.web.pages.forged",
        "USE_I18N": False,
    }
    for name, value in wanted.items():
        setattr(settings, name, value)


class Site:
    """Everything that is neither feed nor API; ``end_streams`` and ``end`` when the server ends. ``moved`` as web.streams has
    it: None where nobody watches the database."""

    def __init__(self, config: Config, moved: Callable[[], int | None] = lambda: None) -> None:
        equip(config)
        self._config = config
        self._django = Django()
        self._threads = Threads(_THREADS, "page")
        self._stops = Threads(_FEW, "stop page")
        self._streams = Streams(moved)

    def end_streams(self) -> None:
        self._streams.end_streams()

    def end(self) -> None:
        self._streams.end()
        self._threads.end()
        self._stops.end()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith(static.ROOT):
            await static.serve(scope, send)
            return
        try:
            body = await body_of(receive, _LONGEST)
        except TooLong:
            await answer(send, 413, {"code": "body-too-large"})
            return
        threads = self._stops if scope["path"].endswith(_STOPS) else self._threads

        def ask() -> HttpResponseBase:
            return self._answered({**scope, CONFIG: self._config}, body)

        response = await threads.run(ask)
        content: bytes = getattr(response, "content", b"")
        headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.items()]
        cookies = [(b"set-cookie", cookie.OutputString().encode("latin-1")) for cookie in response.cookies.values()]
        kind = next((value for name, value in headers if name == b"content-type"), b"text/plain")
        rest = [pair for pair in headers if pair[0] not in (b"content-type", b"content-length", b"cache-control")]
        if isinstance(response, Events) and scope["method"] == "GET":
            await self._streams.keep(response, [*rest, *cookies], ask, receive, send)
            return
        await start(send, response.status_code, kind, (b"content-length", b"%d" % len(content)), *rest, *cookies)
        await part(send, b"" if scope["method"] == "HEAD" else content, more=False)

    def _answered(self, scope: Scope, body: bytes) -> HttpResponseBase:
        request = ASGIRequest(scope, io.BytesIO(body))
        try:
            return self._django.get_response(request)
        finally:
            request.close()
