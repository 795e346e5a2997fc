"""Halting and rescinding as the command line does them, and their plain form at once, without the tree of commands.

The stop button does not wait: laying out the tree, its options and their types takes as long as everything else together.
"""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from countermand.cli import failures
from countermand.cli.dry import would
from countermand.cli.session import Options, Session

if TYPE_CHECKING:
    from countermand.core.outcomes import Rescinded


def halt(session: Session, directive: str, dry_run: bool = False) -> None:
    from countermand.operations import back

    done = session.call(back.halt, directive, dry_run)
    words = "was halted already" if done.already else "is halted"
    session.show(
        done,
        lambda made: (
            f"{would(dry_run)}{made.lineage} {words}. Every gate that hears the feed allows again; whoever was told hears of it."
        ),
    )


def rescind(session: Session, directive: str, ground: str, dry_run: bool = False) -> None:
    from countermand.operations import back

    done = session.call(back.rescind, directive, ground, dry_run)
    session.show(done, lambda made: f"{would(dry_run)}{_rescinded(made)}")
    if not dry_run:
        with session.progress("Promising corrections", done.corrections) as tick:
            while (promised := session.call(back.correct, directive)).more:
                tick(promised.promised)


@dataclass(slots=True)
class _Words:
    """``ground``: None for a halt."""

    directive: str = ""
    ground: str | None = None
    config: Path | None = None
    json: bool = False


def at_once(words: list[str]) -> None:
    """Do what these words say and end the process, if they are ``halt ID`` or ``rescind ID --ground G``, with ``--config
    FILE`` and ``--json`` if anything; else return, and the tree of commands reads them."""
    said = _plain(words)
    if said is None:
        return
    options = Options(config=said.config, json=said.json)
    try:
        with failures.reported(options), Session(options, f"countermand {words[0]}") as session:
            if said.ground is None:
                halt(session, said.directive)
            else:
                rescind(session, said.directive, said.ground)
        sys.stdout.flush()
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # whoever read has gone; what was to be done is done
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    sys.exit(0)


def _plain(words: list[str]) -> _Words | None:
    """None for whatever is not exactly this: the tree knows every other way to say it, and what is wrong."""
    said, left = _Words(), iter(words[1:])
    for word in left:
        if word == "--json":
            said.json = True
        elif word == "--config" and (value := next(left, "")):
            said.config = Path(value)
        elif word == "--ground" and words[0] == "rescind" and (value := next(left, "")):
            said.ground = value
        elif word.startswith("-") or said.directive:
            return None
        else:
            said.directive = word
    return said if said.directive and (said.ground is not None) == (words[0] == "rescind") else None


def _rescinded(made: "Rescinded") -> str:
    return "\n".join(
        [
            f"{made.lineage} is rescinded ({made.ground}).",
            f"Undone: {made.lifted:,} denials lifted, {made.voided:,} waiting notices void.",
            f"Still on its way: {made.in_flight:,} notices just handed over, {made.corrections:,} corrections.",
        ]
    )
