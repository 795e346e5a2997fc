"""A process that dies at a statement or a request, and whoever takes over."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection

from countermand.lib.http import Http, Response


class Killed(BaseException):
    """The process is dead: nothing after this statement, or this request, happens."""


@contextmanager
def killed_at(point: int) -> Iterator[list[int]]:
    """Dies before the ``point``-th of all statements and requests from here on, and at whatever is tried after that; a request
    dies before or after it arrived, by turns. Yields how many there were so far."""
    passed = [0]

    def step() -> bool:
        passed[0] += 1
        return passed[0] > point

    def execute(run: Any, sql: str, *rest: Any) -> Any:
        if step():
            raise Killed
        return run(sql, *rest)

    send = Http.send

    def sent(self: Http, *asked: Any, **more: Any) -> Response:
        if step():
            if passed[0] == point + 1 and passed[0] % 2:
                send(self, *asked, **more)  # it arrived, and nobody hears the answer
            raise Killed
        return send(self, *asked, **more)

    with pytest.MonkeyPatch.context() as patch, connection.execute_wrapper(execute):
        patch.setattr(Http, "send", sent)
        yield passed
