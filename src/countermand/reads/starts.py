"""What somebody who writes a directive can begin from, and what the catalogue finds for a few letters."""

from dataclasses import dataclass

from countermand.catalog import examples, load
from countermand.core.apps import App
from countermand.core.errors import Refused
from countermand.core.guardrails import approvals_needed, short_notice
from countermand.core.instants import Instant
from countermand.core.products import folded
from countermand.core.rails import Rails
from countermand.core.schema import read
from countermand.lib import yaml
from countermand.store import directives, operators
from countermand.store.unit import reading

_MOST = 20


@dataclass(frozen=True, slots=True)
class Hit:
    """A product of the catalogue. ``apps``: its ids on phones; ``owners`` by name."""

    product: str
    apps: tuple[App, ...]
    owners: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Needed:
    """What an issue of a text would take. ``can``: active accounts that could approve it, whoever writes it left out."""

    approvals: int
    can: tuple[str, ...]
    short: bool


def example_names() -> tuple[str, ...]:
    return examples.names()


def example(name: str) -> str:
    """Refused ``not-found``."""
    found = examples.text_of(name)
    if found is None:
        raise Refused("not-found", what="example", name=name[:80], nearest="none")
    return found


def past() -> tuple[str, ...]:
    """Every directive that there is, over or not."""
    with reading():
        return tuple(sorted(directives.names()))


def search(words: str) -> list[Hit]:
    """Products whose name, alias or id has these letters in it: for finding, never for selecting."""
    wanted = folded(words)
    if len(wanted) < 2:
        return []
    found = []
    for product in load().products:
        named = [folded(name) for name in (product.name, *product.aliases)]
        if any(wanted in name for name in named) or any(words.lower() in fact.id.lower() for fact in product.ids):
            apps = {fact.app for fact in product.ids if fact.app is not None}
            holders = tuple(dict.fromkeys(one.owner for one in product.ownerships))
            found.append(
                (
                    not any(name.startswith(wanted) for name in named),
                    product.name,
                    Hit(product.name, tuple(sorted(apps)), holders),
                )
            )
    return [hit for _, _, hit in sorted(found, key=lambda one: one[:2])[:_MOST]]


def needed(text: str, author: str, rails: Rails, now: Instant) -> Needed:
    """Refused with every problem of the text."""
    written = yaml.load(text, None)
    directive = read(written.plain, written.where)
    with reading():
        accounts = [one for one in operators.every() if one.active]
    can = tuple(one.name for one in accounts if "approver" in one.roles and one.may_approve_from <= now and one.name != author)
    return Needed(approvals_needed(directive, rails, len(accounts), now), can, short_notice(directive, rails, now))
