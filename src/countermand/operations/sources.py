"""Sources: how each is, what it can see, and whether anything is taken from it. Connecting one, with its secret, and a sync that
somebody watches are done on the installation's own machine."""

from dataclasses import dataclass

from countermand.core import visibility
from countermand.flows import connect, pushes, release
from countermand.flows.connect import Paused
from countermand.operations.operation import Call, operation, rehearsed
from countermand.operations.pages import USUAL, Page, page
from countermand.reads import sources
from countermand.reads.sources import SourceView
from countermand.sources.source import Ability


@dataclass(frozen=True, slots=True)
class CheckedSource:
    """``words``: what it can and cannot see, in plain sentences; ``ok``: whether everything that it is asked for works."""

    source: str
    ok: bool
    abilities: tuple[Ability, ...]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Released:
    """``batches``: the numbers of what waited and was let in."""

    source: str
    batches: tuple[int, ...]


@operation("GET", "/sources", "read")
def list_sources(call: Call, after: str = "", limit: int = USUAL) -> Page[SourceView]:
    """Every source: how it comes, when it was last in complete contact, what waits of it, and what is wrong with it."""
    return page(sources.sources(call.act), lambda one: one.name, after, limit)


@operation("POST", "/sources/{name}/check", "ingest", again=True)
def check_source(call: Call, name: str) -> CheckedSource:
    """Ask a source what works with its credentials, and what it can and cannot see. Nothing is taken from it."""
    found = pushes.check(call.act, call.config, name, call.tick)
    words = (*visibility.tell(found.sees, found.suggested, whole=found.whole), *pushes.words(call.config, connect.known(name)))
    return CheckedSource(name, all(one.works for one in found.abilities), found.abilities, words)


@operation("POST", "/sources/{name}/pause", "release")
def pause_source(call: Call, name: str, dry_run: bool = False) -> Paused:
    """Take nothing from a source until it is resumed. What it said stands, and evidence does not age meanwhile."""
    return rehearsed(dry_run, connect.source_pause)(call.act, name, paused=True)


@operation("POST", "/sources/{name}/resume", "release")
def resume_source(call: Call, name: str, dry_run: bool = False) -> Paused:
    """Take from a paused source again."""
    return rehearsed(dry_run, connect.source_pause)(call.act, name, paused=False)


@operation("POST", "/sources/{name}/release", "release", again=True)
def release_source(call: Call, name: str) -> Released:
    """Let in everything of a source that waits for a person: sets, floods, its first sync."""
    return Released(name, release.release_all(call.act, name))


OPERATIONS = (list_sources, check_source, pause_source, resume_source, release_source)
