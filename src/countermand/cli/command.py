"""How a subcommand is declared: gives every one the same options, its session, its error texts and its examples."""

import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from countermand.cli import failures
from countermand.cli.session import Options, Session

_SHARED = "For every command"
_CONFIG_HELP = "Read this configuration; default $COUNTERMAND_CONFIG or ./countermand.toml."
_JSON_HELP = "Print JSON for programs; times are milliseconds since 1970 in UTC."
_UTC_HELP = "Show times in UTC instead of this machine's zone."
_DEBUG_HELP = "Show the traceback of an unexpected error."
Config = Annotated[Path | None, typer.Option("--config", metavar="FILE", help=_CONFIG_HELP, rich_help_panel=_SHARED)]
Json = Annotated[bool, typer.Option("--json", help=_JSON_HELP, rich_help_panel=_SHARED)]
Utc = Annotated[bool, typer.Option("--utc", help=_UTC_HELP, rich_help_panel=_SHARED)]
Debug = Annotated[bool, typer.Option("--debug", help=_DEBUG_HELP, rich_help_panel=_SHARED)]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would change; change nothing.")]

_COMMON = {"config": (Config, None), "json": (Json, False), "utc": (Utc, False), "debug": (Debug, False)}


def group(name: str, sentence: str, examples: Sequence[str]) -> typer.Typer:
    """A family of subcommands; without one of them it shows its help."""
    return typer.Typer(name=name, help=sentence, no_args_is_help=True, epilog=_epilog(examples))


def command(family: typer.Typer, name: str, examples: Sequence[str]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register ``body(session, …)`` as a subcommand. Its docstring is the help; ``examples`` stand below it.

    The options that all subcommands share are added here, also accepted before the subcommand's name, and reach the
    body as its ``Session`` only.
    """

    def register(body: Callable[..., None]) -> Callable[..., None]:
        _, *own = inspect.signature(body, eval_str=True).parameters.values()

        def run(ctx: typer.Context, **given: Any) -> None:
            outer = ctx.find_root().params
            said = {key: given.pop(key) or outer.get(key) for key in _COMMON}
            options = Options(said["config"], bool(said["json"]), bool(said["utc"]), bool(said["debug"]))
            with failures.reported(options), Session(options) as session:
                body(session, **given)

        context = inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
        shared = [
            inspect.Parameter(key, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
            for key, (annotation, default) in _COMMON.items()
        ]
        asked = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]
        run.__signature__ = inspect.Signature([context, *asked, *shared])  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in [context, *asked, *shared]}
        run.__name__ = body.__name__
        family.command(name, help=inspect.getdoc(body), epilog=_epilog(examples))(run)
        return body

    return register


def _epilog(examples: Sequence[str]) -> str:
    """Examples as Typer lays out an epilog: a paragraph a line, brackets not taken for markup."""
    return "\n\n".join(["Examples:", *("  " + example.replace("[", "\\[") for example in examples)])
