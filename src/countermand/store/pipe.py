"""PostgreSQL spoken to without cursors. What nobody reads the answer of waits, and goes together with the next question: one way
to the server and back for all of it. A flow of thirty small statements goes there eight times, and no statement is made anew by
the driver, which takes longer than sending it.

The order of statements is the order in which they were said; one that fails keeps all that follow it from being carried out.
Its error comes where the next question is asked, or at the commit: always inside the unit that it undoes.
"""

import re
from collections import OrderedDict
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING, Any

from psycopg import Cursor, OperationalError, errors, generators, pq
from psycopg.adapt import PyFormat, Transformer
from psycopg.types.numeric import Int8Dumper

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.pq.abc import PGresult

Row = tuple[Any, ...]
#: Times that a statement is asked before PostgreSQL plans it once for all, and how many of them it remembers.
_ASKED, _REMEMBERED = 5, 200
#: A load says thousands of rows at once: these many wait at most.
_MOST = 1000
#: A statement by its text and the types of its values; this one stands for any statement that is answered.
_Key = tuple[bytes, tuple[int, ...]]
_STATEMENT: _Key = (b"", ())
_DONE = (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK)


@dataclass(frozen=True, slots=True)
class _Said:
    """A statement with its values as the server takes them."""

    text: bytes
    values: Sequence[Any] | None = None
    types: tuple[int, ...] = ()
    formats: Sequence[pq.Format] | None = None


class Pipe:
    """One connection's. ``driver`` is psycopg's connection."""

    def __init__(self, driver: "Connection[Any]") -> None:
        self.driver, self._server = driver, driver.pgconn
        context = Cursor(driver)
        # Else a statement is another one for each size of number.
        context.adapters.register_dumper(int, Int8Dumper)
        self._values = Transformer(context)
        self._waiting: list[_Said] = []
        self._foretold: dict[str, Sequence[Any]] = {}
        self._foreseen: dict[str, tuple[Sequence[Any], PGresult]] = {}
        self._asked: OrderedDict[_Key, int | bytes] = OrderedDict()
        self._numbers = count()

    def later(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        """The statement once for each of these parameters, before whatever is asked next."""
        self._written(statement)
        for parameters in rows:
            self._waiting.append(self._said(statement, parameters))
            if len(self._waiting) >= _MOST:
                self._trip()
        if self.driver.autocommit:
            self._trip()

    def rows(self, statement: str, parameters: Sequence[Any]) -> list[Row]:
        """Every row of the answer."""
        if self._foretold.get(statement) == parameters:
            self._trip()
        if (seen := self._foreseen.pop(statement, None)) and seen[0] == parameters:
            return self._rows(seen[1])
        return self._rows(self._trip(self._said(statement, parameters)))

    def count(self, statement: str, parameters: Sequence[Any]) -> int:
        """How many rows it changed."""
        self._written(statement)
        self._waiting.append(self._said(statement, parameters))
        return self._trip().command_tuples or 0

    def foretell(self, questions: Mapping[str, Sequence[Any]]) -> None:
        """These go with the next question, whatever it is, and their answers are kept for whoever asks them."""
        self._foretold.update(questions)

    def unforetell(self, questions: Iterable[str]) -> None:
        """Whoever asks these from here on is answered then."""
        for one in questions:
            self._foretold.pop(one, None)
            self._foreseen.pop(one, None)

    def flush(self) -> None:
        """Say all that waits."""
        self._unforetell_all()
        if self._waiting:
            self._trip()

    def commit(self) -> None:
        """Say all that waits, and commit it, if anything does."""
        self._unforetell_all()
        if self._waiting:
            self._trip(_Said(b"COMMIT"))

    def forget(self) -> None:
        """What waits is never said: the transaction is undone."""
        self._unforetell_all()
        self._waiting.clear()

    def _unforetell_all(self) -> None:
        self._foretold.clear()
        self._foreseen.clear()

    def _written(self, statement: str) -> None:
        """INVARIANT: an answer that came early is the one that the question would get now: it goes when a table that it
        is about is written to."""
        for answers in (self._foretold, self._foreseen):
            for question in [one for one in answers if _tables(one) & _tables(statement)]:
                del answers[question]

    def _said(self, statement: str, parameters: Sequence[Any]) -> _Said:
        text = _numbered(statement)
        if not parameters:
            return _Said(text)
        values = self._values.dump_sequence(parameters, [PyFormat.AUTO] * len(parameters))
        return _Said(text, values, self._values.types or (), self._values.formats)

    def _rows(self, result: "PGresult") -> list[Row]:
        self._values.set_pgresult(result)
        return self._values.load_rows(0, result.ntuples, tuple)

    def _trip(self, question: _Said | None = None) -> "PGresult":
        """To the server and back with all that waits, and then all that is foretold and this question; returns its answer, or
        without one that to the last that waited."""
        said, self._waiting = self._waiting, []
        foretold, self._foretold = self._foretold, {}
        if not self.driver.autocommit and self._server.transaction_status == pq.TransactionStatus.IDLE:
            said.insert(0, _Said(b"BEGIN"))
        written = len(said)
        said += [self._said(*one) for one in foretold.items()]
        said += [question] if question else []
        self._server.enter_pipeline_mode()
        try:
            answers = self.driver.wait(self._exchange(said))
        finally:
            with suppress(OperationalError):  # a connection that broke in the middle says why itself
                self._server.exit_pipeline_mode()
        early = zip(foretold.items(), answers[written:], strict=False)
        self._foreseen.update({one: (values, answer) for (one, values), answer in early})
        return answers[-1] if question else answers[written - 1]

    def _exchange(self, said: Sequence[_Said]) -> "Generator[Any, Any, list[PGresult]]":
        """Send them all, then hear of each. All is heard before anything is raised: the connection can be used after."""
        sent = [one for statement in said for one in self._send(statement)]
        self._server.pipeline_sync()
        yield from generators.send(self._server)
        answers: list[PGresult] = []
        failed: PGresult | None = None
        for about in sent:
            (result,) = yield from generators.fetch_many(self._server)
            well = result.status in _DONE
            failed = failed or (None if well else result)
            if about is _STATEMENT:
                answers.append(result)
            elif not well:
                self._asked.pop(about, None)
        yield from generators.fetch_many(self._server)
        if failed is not None:
            raise errors.error_from_result(failed, encoding="utf-8")
        return answers

    def _send(self, one: _Said) -> list[_Key]:
        """Send one statement, made ready first if it is asked often, and let one go that is not asked any more. Returns what will
        be heard of, in order: ``_STATEMENT``, or what was made ready or let go."""
        key = (one.text, one.types)
        heard, known = [_STATEMENT], self._asked.pop(key, 0)
        if known == _ASKED:
            known = b"countermand_%d" % next(self._numbers)
            self._server.send_prepare(known, one.text, one.types)
            heard = [key, _STATEMENT]
        if isinstance(known, bytes):
            self._server.send_query_prepared(known, one.values, one.formats)
        else:
            self._server.send_query_params(one.text, one.values, one.types, one.formats)
            known += 1
        self._asked[key] = known
        if len(self._asked) > _REMEMBERED:
            key, gone = self._asked.popitem(last=False)
            if isinstance(gone, bytes):
                self._server.send_query_params(b"DEALLOCATE " + gone, None)
                heard.append(key)
        return heard


@lru_cache(maxsize=512)
def _numbered(statement: str) -> bytes:
    """The statement with PostgreSQL's marks for parameters: ``%s`` becomes ``$1``, ``$2``, ...; ``%%`` is a percent sign."""
    first, *rest = statement.replace("%%", "\0").split("%s")
    marked = first + "".join(f"${number}{part}" for number, part in enumerate(rest, 1))
    return marked.replace("\0", "%").encode()


@lru_cache(maxsize=1024)
def _tables(statement: str) -> frozenset[str]:
    """Ours that it names."""
    return frozenset(re.findall(r"\bstore_\w+", statement))
