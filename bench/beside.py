"""A server in a process of its own, beside what is measured: its memory and its time are not ours, and we can ask it things."""

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any


@contextmanager
def beside(serve: Callable[..., None], *given: Any) -> Iterator[tuple[str, Connection]]:
    """``serve(talk, *given)`` says its address first, answers whatever it is asked, and returns at "end"."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=serve, args=(there, *given))
    process.start()
    try:
        yield here.recv(), here
    finally:
        here.send("end")
        process.join(10)
        process.kill()
