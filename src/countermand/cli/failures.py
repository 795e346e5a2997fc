"""How a refusal or a fault reaches the person or program at the command line: text, JSON and exit code."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from countermand.cli.session import Options
from countermand.core.errors import Refused, RefusedMany

#: sysexits' EX_SOFTWARE: our fault, not the caller's.
FAULT = 70


@contextmanager
def reported(options: Options) -> Iterator[None]:
    """Turn what goes wrong inside into words on stderr and an exit code; nothing else prints an error."""
    try:
        yield
    except Refused as refused:
        problems = refused.problems if isinstance(refused, RefusedMany) else [refused]
        _tell(problems, options)
        raise SystemExit(refused.entry.exit) from None
    except BrokenPipeError:
        raise
    except Exception as fault:
        import typer  # where it is not loaded yet, nobody waits any more

        if isinstance(fault, typer.Exit | typer.Abort):
            raise
        _tell_fault(fault, options)
        raise SystemExit(FAULT) from None


def _tell(problems: list[Refused], options: Options) -> None:
    if options.json:
        print(json.dumps({"errors": [_plain(problem) for problem in problems]}, ensure_ascii=False), file=sys.stderr)
        return
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)


def _plain(problem: Refused) -> dict[str, object]:
    where = problem.where
    place = {key: getattr(where, key) for key in ("file", "line", "column", "field")} if where else None
    return {"code": problem.code, "sentence": problem.sentence, "remedy": problem.remedy, "where": place}


def _tell_fault(fault: Exception, options: Options) -> None:
    """A fault of ours: its traceback goes to a file that can be sent to us, one line to the person."""
    import tempfile
    import traceback

    if options.debug:
        traceback.print_exception(fault)
    with tempfile.NamedTemporaryFile("w", prefix="countermand-", suffix=".log", delete=False) as log:
        traceback.print_exception(fault, file=log)
    sentence = f"countermand failed: {type(fault).__name__}: {fault}"
    remedy = f"This is a fault in countermand; report it with {log.name}."
    if options.json:
        error = {"code": "internal", "sentence": sentence, "remedy": remedy, "where": None}
        print(json.dumps({"errors": [error]}, ensure_ascii=False), file=sys.stderr)
    else:
        print(f"error: {sentence}. {remedy} [internal]", file=sys.stderr)
