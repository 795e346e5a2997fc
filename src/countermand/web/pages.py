"""Making a page of a template: what every page knows, errors as pages, and where somebody is sent after a form."""

from collections.abc import Callable
from functools import cache, wraps
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.middleware.csrf import get_token
from django.template import Context, Engine

from countermand.config import Config
from countermand.core.errors import Refused
from countermand.core.languages import NAMES
from countermand.lib import moments, words
from countermand.lib.log import failure, say
from countermand.web.refusals import REFUSALS
from countermand.web.signed_in import SignInFirst
from countermand.web.site import CONFIG

_TEMPLATES = Path(__file__).parent / "templates"
View = Callable[..., HttpResponse]


@cache
def engine() -> Engine:
    """Templates escape everything, and know only our own tags beside Django's."""
    return Engine(dirs=[str(_TEMPLATES)], builtins=["countermand.web.tags", "countermand.web.console.tags"], autoescape=True)


def config_of(request: HttpRequest) -> Config:
    found: Config = request.scope[CONFIG]  # type: ignore[attr-defined]
    return found


def page(request: HttpRequest, template: str, status: int = 200, *, form: bool = False, **values: object) -> HttpResponse:
    """The page in the reader's language. ``form``: it has a form to send, which then cannot be sent from elsewhere;
    ``zone`` among the values: whose clock, UTC if nobody is known."""
    language: str = request.language  # type: ignore[attr-defined]
    known: dict[str, Any] = {
        "language": language,
        "direction": "rtl" if words.right_to_left(language) else "ltr",
        "locale": moments.locale_of(language, request.tag),  # type: ignore[attr-defined]
        "languages": [{"tag": tag, "name": name} for tag, name in NAMES.items()],
        "zone": "UTC",
        "path": request.path,
        "origin": config_of(request).origin,
    }
    if form:
        known["csrf_token"] = get_token(request)
    return HttpResponse(engine().get_template(template).render(Context({**known, **values})), status=status)


def see_other(path: str) -> HttpResponse:
    """After a form: the page to look at, so that reloading sends nothing again."""
    response = HttpResponseRedirect(path)
    response.status_code = 303
    return response


def view(*methods: str) -> Callable[[View], View]:
    """A view for these methods (HEAD with GET), whose refusals are pages and whose faults say nothing but a reference."""

    def made(inner: View) -> View:
        @wraps(inner)
        def answered(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponse:
            if request.method not in methods and not (request.method == "HEAD" and "GET" in methods):
                response = wrong(request, 405)
                response.headers["Allow"] = ", ".join(methods)
                return response
            try:
                return inner(request, *arguments, **named)
            except SignInFirst as first:
                return see_other(first.path)
            except Refused as refused:
                ours = REFUSALS.get(refused.code, "")
                spoken = words.say(request.language, ours, **refused.params)  # type: ignore[attr-defined]
                return page(request, "refused.html", refused.entry.http, refused=refused, spoken=spoken)
            except Exception as fault:
                reference = uuid4().hex[:12]
                say("page-fault", reference=reference, **failure(fault))
                return page(request, "fault.html", 500, reference=reference)

        return answered

    return made


def wrong(request: HttpRequest, status: int) -> HttpResponse:
    return page(request, "missing.html", status)


@view("GET", "POST")
def missing(request: HttpRequest, rest: str = "") -> HttpResponse:
    """There is no such page."""
    return wrong(request, 404)


def forged(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that did not come from our page, or from one that was open too long."""
    return page(request, "forged.html", 403)
