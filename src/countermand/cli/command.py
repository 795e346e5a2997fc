"""How a subcommand is declared: gives every one the same options, its session, its error texts and its examples."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from countermand.cli import failures
from countermand.cli.session import Options, Session

_SHARED = "For every command"
_CONFIG_HELP = "Read this configuration; default $COUNTERMAND_CONFIG or ./countermand.toml."
_URL_HELP = "Ask the installation at this address over the network; default $COUNTERMAND_URL."
_JSON_HELP = "Print JSON for programs; times are milliseconds since 1970 in UTC."
_UTC_HELP = "Show times in UTC instead of this machine's zone."
_DEBUG_HELP = "Show the traceback of an unexpected error."
Config = Annotated[Path | None, typer.Option("--config", metavar="FILE", help=_CONFIG_HELP, rich_help_panel=_SHARED)]
Url = Annotated[str | None, typer.Option("--url", metavar="URL", help=_URL_HELP, rich_help_panel=_SHARED)]
Json = Annotated[bool, typer.Option("--json", help=_JSON_HELP, rich_help_panel=_SHARED)]
Utc = Annotated[bool, typer.Option("--utc", help=_UTC_HELP, rich_help_panel=_SHARED)]
Debug = Annotated[bool, typer.Option("--debug", help=_DEBUG_HELP, rich_help_panel=_SHARED)]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would change; change nothing.")]

_COMMON = {"config": (Config, None), "url": (Url, None), "json": (Json, False), "utc": (Utc, False), "debug": (Debug, False)}


@dataclass(frozen=True, slots=True)
class Command:
    """One subcommand, declared and not yet in the tree."""

    name: str
    run: Callable[..., None]
    words: str
    epilog: str

    def add_to(self, tree: typer.Typer, panel: str | None = None) -> None:
        """Put it into a tree, under a heading of its help."""
        tree.command(self.name, help=self.words, epilog=self.epilog, rich_help_panel=panel)(self.run)


def command(name: str, examples: Sequence[str]) -> Callable[[Callable[..., None]], Command]:
    """Declare ``body(session, …)`` as a subcommand. Its docstring is the help; ``examples`` stand below it.

    The options that all subcommands share are added here, are also accepted before the subcommand's name, and reach the
    body as its ``Session`` only.
    """

    def declare(body: Callable[..., None]) -> Command:
        _, *own = inspect.signature(body, eval_str=True).parameters.values()

        def run(ctx: typer.Context, **given: Any) -> None:
            outer = ctx.find_root().params
            said = {key: given.pop(key) or outer.get(key) for key in _COMMON}
            options = Options(said["config"], bool(said["json"]), bool(said["utc"]), bool(said["debug"]), said["url"] or "")
            with failures.reported(options), Session(options, ctx.command_path) as session:
                body(session, **given)

        run.__signature__ = _with_shared(own)  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in _with_shared(own).parameters.values()}
        run.__name__ = body.__name__
        return Command(name, run, inspect.getdoc(body) or "", _epilog(examples))

    return declare


def group(name: str, sentence: str, *commands: Command) -> typer.Typer:
    """A family of subcommands; without one of them it shows its help, and the first example of each."""
    examples = [one.epilog.split("\n\n")[1] for one in commands]
    tree = typer.Typer(name=name, help=sentence, no_args_is_help=True, epilog="\n\n".join(["Examples:", *examples]))
    for one in commands:
        one.add_to(tree)
    return tree


def _with_shared(own: Sequence[inspect.Parameter]) -> inspect.Signature:
    """The signature that Typer reads: the context, the body's own parameters, the shared options."""
    context = inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    asked = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]
    shared = [
        inspect.Parameter(key, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for key, (annotation, default) in _COMMON.items()
    ]
    return inspect.Signature([context, *asked, *shared])


def _epilog(examples: Sequence[str]) -> str:
    """Examples as Typer lays out an epilog: a paragraph a line, brackets not taken for markup."""
    return "\n\n".join(["Examples:", *("  " + example.replace("[", "\\[") for example in examples)])
