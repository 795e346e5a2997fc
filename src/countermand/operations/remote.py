"""Operations over the network: the same call, the same answer, the same refusals, from the API of another machine."""

import inspect
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote
from uuid import uuid4

from pydantic import TypeAdapter, ValidationError

from countermand.core.code import CONFLICT, DENIED, INPUT, Code
from countermand.core.codes import CODES
from countermand.core.errors import Refused, RefusedMany, Where
from countermand.lib.http import Http, Response, Unreachable, Upload
from countermand.lib.read_json import read_json
from countermand.operations.operation import Asked, Operation
from countermand.operations.plain import plain

Answer = TypeVar("Answer")

ROOT = "/api/v1"
#: Times that a request is sent before its sender gives up. Safe, because what changes something carries a key.
_TRIES = 3
_FAULT = 70


class Told(Refused):
    """A refusal in the words of the server, which may know codes that this program does not."""

    def __init__(self, code: str, sentence: str, remedy: str, status: int, where: Where | None) -> None:
        super().__init__(code, where)
        self._words = (sentence, remedy, status)

    @property
    def entry(self) -> Code:
        sentence, remedy, status = self._words
        usual = DENIED if status in (401, 403) else CONFLICT if status in (409, 429) else INPUT if status < 500 else _FAULT
        return CODES.get(self.code) or Code(sentence, remedy, usual, status)

    @property
    def sentence(self) -> str:
        return self._words[0]

    @property
    def remedy(self) -> str:
        return self._words[1]


class ToldMany(RefusedMany):
    """Several, about one document or file."""

    @property
    def entry(self) -> Code:
        return self.problems[0].entry

    @property
    def sentence(self) -> str:
        return self.problems[0].sentence

    @property
    def remedy(self) -> str:
        return self.problems[0].remedy


class Remote:
    """An installation by its address, asked with a token."""

    def __init__(self, http: Http, token: str) -> None:
        self._http = http
        self._token = token

    def call(self, asked: Operation[Asked, Answer], /, *args: Asked.args, **kwargs: Asked.kwargs) -> Answer:
        """As ``operation.perform``; also Refused ``unreachable`` and ``strange-answer``."""
        bound = inspect.signature(asked.run).bind(None, *args, **kwargs)
        given = {name: value for name, value in bound.arguments.items() if name in asked.parameters}
        response = self._sent(asked, given)
        if response.status != 200:
            raise self._refusal(response)
        try:
            adapter: TypeAdapter[Answer] = TypeAdapter(asked.answers)
            return adapter.validate_json(response.body)
        except ValidationError as wrong:
            why = f"{wrong.error_count()} things in it are not what they should be"
            raise Refused("strange-answer", url=self._http.base, why=why) from wrong

    def _sent(self, asked: Operation[..., Any], given: Mapping[str, Any]) -> Response:
        path = ROOT + asked.path.format_map({name: quote(str(given[name]), safe="") for name in asked.in_path})
        rest = {name: value for name, value in given.items() if name not in asked.in_path}
        files = [upload for name, value in rest.items() for upload in _uploads(name, value)]
        headers = {"authorization": f"Bearer {self._token}", "accept": "application/json"}
        if asked.changes and not asked.again:
            headers["idempotency-key"] = uuid4().hex
        in_query = asked.method == "GET" or bool(files)
        query = [(name, word) for name, value in rest.items() for word in _words(value)] if in_query else None
        body = None if in_query else json.dumps(plain(rest)).encode()
        if body is not None:
            headers["content-type"] = "application/json"
        for left in reversed(range(_TRIES)):
            try:
                return self._http.send(asked.method, path, headers, query=query, body=body, files=files)
            except Unreachable as nobody:
                if not left or files:
                    raise Refused("unreachable", url=self._http.base, why=nobody) from nobody
        raise AssertionError

    def _refusal(self, response: Response) -> Refused:
        try:
            problem = read_json(response.body)
            found = [_told(fault, response.status) for fault in problem["problems"]]
            return found[0] if len(found) == 1 else ToldMany(list(found))
        except (ValueError, KeyError, TypeError, IndexError):
            return Refused("strange-answer", url=self._http.base, why=f"it says {response.status} without a reason")


def _told(fault: Mapping[str, Any], status: int) -> Refused:
    place = fault["where"]
    where = Where(**{key: place[key] for key in ("file", "line", "column", "field")}) if place else None
    return Told(fault["code"], fault["sentence"], fault["remedy"], status, where)


def _uploads(name: str, value: Any) -> Iterator[Upload]:
    """The files that a value names; a folder stands for the files in it and in its folders."""
    for path in value if isinstance(value, list) else [value]:
        if isinstance(path, Path):
            yield from (Upload(name, one) for one in _readable(path))


def _readable(path: Path) -> list[Path]:
    found = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
    for one in found:
        try:
            one.open("rb").close()
        except OSError as wrong:
            raise Refused("unreadable-file", path=one, why=wrong.strerror or wrong) from wrong
    return found


def _words(value: Any) -> Iterator[str]:
    """A value as it stands in a query: nothing if it is not said, several times if it is a list."""
    for one in value if isinstance(value, list) else [value]:
        if one is not None and not isinstance(one, Path):
            found = plain(one)
            yield str(found).lower() if isinstance(found, bool) else str(found)
