"""One run of the command: its options, its configuration and database once opened, who acts, and where results go."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from countermand.core.errors import Refused

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from countermand.access import Act, Actor
    from countermand.config import Config
    from countermand.operations.operation import Call, Operation
    from countermand.operations.pages import Page
    from countermand.operations.remote import Remote

DEFAULT_CONFIG = Path("countermand.toml")
#: Piped output is cut by nobody's window.
_PIPE_WIDTH = 240

Asked = ParamSpec("Asked")
Result = TypeVar("Result")
Row = TypeVar("Row")
Tick = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Options:
    """What every subcommand can be told."""

    config: Path | None = None
    json: bool = False
    utc: bool = False
    debug: bool = False
    url: str = ""


class Session:
    """Opens things when they are first asked for, so that a command that needs no database needs none to exist."""

    def __init__(self, options: Options, command: str = "this command") -> None:
        self.options = options
        self._command = command
        self._config: Config | None = None
        self._open = False
        self._remote: Remote | None = None
        self._tick: Tick = _silent

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *failure: object) -> None:
        if self._open:
            from countermand.reads import installation

            installation.close()

    # -- where it runs --

    @property
    def config_path(self) -> Path:
        return self.options.config or Path(os.environ.get("COUNTERMAND_CONFIG") or DEFAULT_CONFIG)

    @property
    def config(self) -> "Config":
        """The configuration, read once."""
        if self._config is None:
            from countermand import config

            self._config = config.load(self.config_path)
        return self._config

    @property
    def url(self) -> str:
        """The installation to ask over the network, '' for the one on this machine."""
        said = self.options.url or os.environ.get("COUNTERMAND_URL", "")
        return said or (self.config.client.url if self.config_path.exists() else "")

    def here(self) -> None:
        """For what is done to this machine's installation. Refused ``only-here`` if another one is named by its address."""
        if self.url:
            raise Refused("only-here", command=self._command)

    def open(self) -> "Config":
        """Open the database that the configuration names; what works on this machine's installation goes through here first.
        Refused ``only-here``."""
        self.here()
        if not self._open:
            from countermand.reads import installation

            installation.open_installation(self.config.database)
            self._open = True
        return self.config

    # -- who acts --

    def actor(self) -> "Actor":
        """Whoever COUNTERMAND_TOKEN names. Refused ``not-signed-in`` without it, ``unknown-token`` if it names nobody."""
        self.open()
        from countermand.reads import operators

        return operators.actor_of(os.environ.get("COUNTERMAND_TOKEN", ""))

    def act(self) -> "Act":
        """This run as one act: who, and one reading of the installation's clock."""
        actor = self.actor()
        from countermand.reads import installation

        return installation.act(actor)

    # -- what is asked --

    def call(self, asked: "Operation[Asked, Result]", /, *args: "Asked.args", **kwargs: "Asked.kwargs") -> Result:
        """The answer to an operation, from this machine's installation or over the network."""
        if asked.standalone:
            return asked.run(self._shipped(), *args, **kwargs)
        if self.url:
            return self._over_the_network().call(asked, *args, **kwargs)
        from countermand.operations.operation import perform

        return perform(asked, self._call(), *args, **kwargs)

    def every(self, ask: "Callable[[str], Page[Row]]") -> list[Row]:
        """All pages of a list, one after the other; ``ask(after)`` fetches the one behind a cursor."""
        found: list[Row] = []
        after = ""
        while True:
            page = ask(after)
            found += page.items
            after = page.next
            if not after:
                return found

    def now(self) -> int:
        """The installation's time, which in a drill is not this machine's."""
        from countermand.operations import known

        return self.call(known.clock).now

    def _over_the_network(self) -> "Remote":
        if self._remote is None:
            from countermand.lib.http import Http
            from countermand.operations.remote import Remote

            ca_file = self.config.client.ca_file if self.config_path.exists() else None
            self._remote = Remote(Http(self.url, ca_file), os.environ.get("COUNTERMAND_TOKEN", ""))
        return self._remote

    def _call(self) -> "Call":
        from countermand.operations.operation import Call

        return Call(self.act(), self.config, self._tick)

    def _shipped(self) -> "Call":
        """For what needs neither installation nor account."""
        from countermand.access import Act, Actor
        from countermand.config import standard
        from countermand.lib import clock
        from countermand.operations.operation import Call

        return Call(Act(Actor("", frozenset()), clock.now()), standard(Path()))

    # -- where results go --

    @property
    def console(self) -> "Console":
        from rich.console import Console

        return Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH, highlight=False, soft_wrap=False, markup=False)

    def show(self, result: Result, draw: "Callable[[Result], RenderableType]") -> None:
        """Print a result: JSON if asked for, else what ``draw`` makes of it."""
        if self.options.json:
            from countermand.cli import render

            print(render.as_json(result))
        elif isinstance(drawn := draw(result), str):
            print(drawn)
        else:
            self.console.print(drawn)

    def say(self, sentence: str) -> None:
        """A line for people beside the result: what to do next. Programs are not told."""
        if not self.options.json:
            print(sentence)

    def moment(self, instant: int | None) -> str:
        """An instant as this reader wants it."""
        from countermand.cli import render

        return render.moment(instant, self.options.utc)

    @contextmanager
    def progress(self, title: str, total: int | None = None) -> Iterator[Tick]:
        """A bar while something long runs; yields ``tick(steps)``, which what is called inside moves as well. Silent unless a
        person watches."""
        if self.options.json or not sys.stderr.isatty():
            yield _silent
            return
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        rate = TextColumn("{task.fields[rate]}")
        shown = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"), rate)
        with Progress(*shown, TimeElapsedColumn(), TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(title, total=total, rate="")

            def tick(steps: int) -> None:
                bar.advance(task, steps)
                speed = bar.tasks[0].speed
                bar.update(task, rate=f"{speed:,.0f}/s" if speed else "")

            self._tick = tick
            try:
                yield tick
            finally:
                self._tick = _silent


def _silent(steps: int) -> None:
    """Nobody watches."""


def read_text(file: Path) -> str:
    """The UTF-8 text of a file that a person named, ``-`` for standard input. Refused ``unreadable-file``."""
    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        why: Any = fault.strerror if isinstance(fault, OSError) else "it is not UTF-8 text"
        raise Refused("unreadable-file", path=file, why=why or fault) from fault
