"""Live progress of the drill: one line a step, with a bar while it lasts and what came of it when it is over."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn


class Step:
    """One step under way."""

    def __init__(self, bar: Progress | None, task: TaskID | None) -> None:
        self._bar, self._task = bar, task
        self.outcome = ""

    def at(self, done: int, total: int | None = None) -> None:
        """How far it has come."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, total=total)

    def forward(self, steps: int) -> None:
        """So much further than before."""
        if self._bar is not None and self._task is not None:
            self._bar.advance(self._task, steps)


class Steps:
    """Prints steps to ``console``; with ``quiet`` (programs read the result) nothing is said."""

    def __init__(self, console: Console, *, quiet: bool) -> None:
        self._console, self._quiet = console, quiet

    def clock(self, words: str) -> None:
        """A headline: what time it is in the story."""
        if not self._quiet:
            self._console.print(f"\n[bold]{words}[/bold]")

    @contextmanager
    def step(self, title: str, total: int | None = None) -> Iterator[Step]:
        """Show ``title`` while the block runs, then one line with its outcome and how long it took."""
        started = time.monotonic()
        if self._quiet:
            yield Step(None, None)
            return
        if self._console.is_terminal:
            with self._bar() as bar:
                step = Step(bar, bar.add_task(title, total=total))
                yield step
        else:
            step = Step(None, None)
            yield step
        took = time.monotonic() - started
        self._console.print(f"  [green]✓[/green] {title}{': ' if step.outcome else ''}{step.outcome} [dim]({took:.1f} s)[/dim]")

    def _bar(self) -> Progress:
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        return Progress(*columns, console=self._console, transient=True)
