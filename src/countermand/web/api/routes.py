"""Routes of django-ninja made from the table of operations: a path, typed parameters, a body, and nothing said twice.

What a path does not name comes from the query for GET and beside an upload, and from a JSON body otherwise.
"""

import inspect
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

from annotated_types import Interval
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.urls import URLResolver, path
from django.urls.resolvers import RegexPattern
from ninja import Body, File, NinjaAPI, Query
from ninja.errors import HttpError, ValidationError
from ninja.files import UploadedFile
from ninja.security.base import AuthBase
from pydantic import ConfigDict, StrictBool, StrictInt, create_model

import countermand
from countermand.core import forms
from countermand.core.errors import Refused, RefusedMany, Where
from countermand.operations.every import ROOMS
from countermand.operations.operation import Operation
from countermand.web.api.answering import Asking, answer

ROOT = "/api/v1"
#: Where the door leaves who asks, for the view to find.
ASKING = "countermand.asking"
_ABOUT = """\
Order an app off every phone that reads company mail, and be able to take the order back.

Instants are milliseconds since 1970 in UTC. Refusals are problems (RFC 9457) whose `code` is stable; nothing was changed then.
Lists come in pages: give `next` as `after` until it is empty. Unknown parameters and members are refused.
"""
_STRICT = ConfigDict(extra="forbid")
#: The whole numbers that every JSON reader keeps exactly (RFC 8259 §6), and every database can be asked about.
_BOUND = Interval(ge=-(2**53) + 1, le=2**53 - 1)
_NUMBER: Any = Annotated[int, _BOUND]
#: JSON has numbers and truth values of its own: ``0`` is not false, and ``"5"`` no number. An address has only text.
_EXACT: Any = Annotated[StrictInt, _BOUND]
_IN_TEXT: list[tuple[Any, Any]] = [(int, _NUMBER), (int | None, _NUMBER | None)]
_IN_JSON: list[tuple[Any, Any]] = [
    (int, _EXACT),
    (int | None, _EXACT | None),
    (bool, StrictBool),
    (bool | None, StrictBool | None),
]


class Bearer(AuthBase):
    """The door has found out who asks before it read the body; here it is only declared, and looked at once more."""

    openapi_type = "http"
    openapi_scheme = "bearer"

    def __call__(self, request: HttpRequest) -> Any:
        return _asking(request)


@cache
def the_api() -> NinjaAPI:
    """The API; which installation answers stands in each request."""
    api = NinjaAPI(
        title="Countermand",
        version=countermand.__version__,
        description=_ABOUT,
        auth=Bearer(),
        docs_url=None,
        openapi_url=None,
        urls_namespace="countermand-api",
    )
    for room in ROOMS:
        for one in room.OPERATIONS:
            _add(api, one, room.__name__.rpartition(".")[2])
    api.add_exception_handler(ValidationError, _raise_wrong)
    api.add_exception_handler(HttpError, _raise_unreadable)
    api.add_exception_handler(MultiPartParserError, _raise_unreadable)
    api.add_exception_handler(Exception, _raise)
    return api


@cache
def resolver() -> URLResolver:
    """Finds the view for a path."""
    return URLResolver(RegexPattern(r"^/"), [path(ROOT.removeprefix("/") + "/", the_api().urls)])


def uploads(asked: Operation[..., Any]) -> dict[str, bool]:
    """Which parameters are files, and whether several."""
    return {name: one.annotation != Path for name, one in asked.parameters.items() if one.annotation in (Path, list[Path])}


def in_query(asked: Operation[..., Any]) -> dict[str, inspect.Parameter]:
    if asked.method != "GET" and not uploads(asked):
        return {}
    return {name: one for name, one in asked.parameters.items() if name not in asked.in_path | uploads(asked).keys()}


def _holds_list(annotation: Any) -> bool:
    return any(get_origin(one) is list for one in (annotation, *get_args(annotation)))


def in_body(asked: Operation[..., Any]) -> dict[str, inspect.Parameter]:
    if asked.method == "GET" or uploads(asked):
        return {}
    return {name: one for name, one in asked.parameters.items() if name not in asked.in_path}


def _add(api: NinjaAPI, asked: Operation[..., Any], tag: str) -> None:
    first, _, rest = asked.words.partition("\n\n")
    api.default_router.add_api_operation(
        asked.path,
        [asked.method],
        _view(asked),
        response=asked.answers,
        operation_id=asked.name,
        summary=asked.name.replace("_", " "),
        description=f"{first}\n\n{rest}".replace("``", "`").strip(),
        tags=[tag],
    )


def _view(asked: Operation[..., Any]) -> Callable[..., HttpResponse]:
    files, body, query = uploads(asked), in_body(asked), in_query(asked)
    lists = {name for name, one in query.items() if _holds_list(one.annotation)}

    def view(request: HttpRequest, **given: Any) -> HttpResponse:
        if strange := sorted(set(request.GET) - query.keys()):
            known = ", ".join(query) or "none"
            raise Refused("parameter-unknown", name=strange[0], nearest=forms.nearest(strange[0], query) or "none", known=known)
        if twice := [name for name in query if name not in lists and len(request.GET.getlist(name)) > 1]:
            raise Refused("parameter-repeated", name=twice[0])
        said = given.pop("body", None)
        if said is None and body and request.body.strip():
            raise Refused("body-unreadable", why="it is null where an object belongs")
        if said is not None:
            given.update({name: getattr(said, name) for name in said.model_fields_set})
        with _unpacked(files, given) as whole:
            return HttpResponse(answer(asked, _asking(request), whole), content_type="application/json")

    parameters = [inspect.Parameter("request", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=HttpRequest)]
    parameters += [_keyword(name, _bounded(asked.parameters[name].annotation)) for name in sorted(asked.in_path)]
    parameters += [_keyword(name, _from(File, list[UploadedFile] if many else UploadedFile)) for name, many in files.items()]
    parameters += [_keyword(name, _from(Query, one.annotation), one.default) for name, one in query.items()]
    if body:
        parameters.append(_body(asked, body))
    view.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    view.__name__ = asked.name
    view.__doc__ = asked.words
    return view


def _body(asked: Operation[..., Any], body: Mapping[str, inspect.Parameter]) -> inspect.Parameter:
    """The body as one model. It may be left out if nothing in it has to be said."""
    fields: dict[str, Any] = {
        name: (_bounded(one.annotation, _IN_JSON), ... if one.default is inspect.Parameter.empty else one.default)
        for name, one in body.items()
    }
    name = "".join(part.capitalize() for part in asked.name.split("_")) + "Request"
    model: Any = create_model(name, __config__=_STRICT, **fields)
    if any(one.default is inspect.Parameter.empty for one in body.values()):
        return _keyword("body", _from(Body, model))
    return _keyword("body", _from(Body, model | None), None)


def _from(place: Any, annotation: Any) -> Any:
    """The annotation that tells django-ninja where a value comes from."""
    annotated: Any = Annotated
    kind = _bounded(annotation)
    if kind is _NUMBER:  # django-ninja looks for the place first
        return annotated[int, place(), _BOUND]
    return annotated[kind, place()]


def _bounded(annotation: Any, kinds: list[tuple[Any, Any]] = _IN_TEXT) -> Any:
    """What a parameter's kind comes to where it is read."""
    return next((bounded for plain, bounded in kinds if annotation == plain), annotation)


def _keyword(name: str, annotation: Any, default: Any = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


@contextmanager
def _unpacked(files: Mapping[str, bool], given: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Uploaded files under the names that their sender gave them, so that refusals name them, for as long as they are read."""
    if not files:
        yield given
        return
    (name, many), *_ = files.items()
    brought = given[name] if many else [given[name]]
    folder = Path(tempfile.mkdtemp(prefix="upload-", dir=Path(brought[0].temporary_file_path()).parent))
    try:
        found = []
        for number, upload in enumerate(brought):
            place = folder / str(number)
            place.mkdir()
            found.append(place / (Path(upload.name or "").name or "file"))
            os.link(upload.temporary_file_path(), found[-1])
        yield {**given, name: found if many else found[0]}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _asking(request: HttpRequest) -> Asking:
    asking: Asking = request.scope[ASKING]  # type: ignore[attr-defined]
    return asking


def _raise(request: HttpRequest, fault: Any) -> HttpResponse:
    raise fault  # the door answers for everything alike


def _raise_unreadable(request: HttpRequest, fault: Any) -> HttpResponse:
    raise Refused("body-unreadable", why=str(fault).rstrip("."))


def _raise_wrong(request: HttpRequest, fault: Any) -> HttpResponse:
    problems = [_wrong(one) for one in fault.errors]
    raise problems[0] if len(problems) == 1 else RefusedMany(problems)


def _wrong(error: Mapping[str, Any]) -> Refused:
    place, *rest = error["loc"]  # where it was looked for, and for a body what we call it
    names = [str(part) for part in (rest[1:] if place == "body" else rest)]
    name = ".".join(names) or "the body"
    return Refused("parameter-wrong", Where(field=name), name=name, why=str(error["msg"])[:200])
