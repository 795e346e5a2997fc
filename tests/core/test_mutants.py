"""Every mutant of the rules is noticed by the laws: what survives is a rule that nothing tests."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest
from fleets import RULES, Rules
from laws import LAWS
from mutants import MUTANTS, Mutant
from strategies import World, drawn

from countermand import core

#: Worlds that every mutant is tried on, in this order; most are noticed in the first few.
TRIED = 250
HOME = Path(next(iter(core.__path__)))


@cache
def world(seed: int) -> World:
    return drawn(seed)


def source(module: str) -> str:
    return (HOME / f"{module}.py").read_text(encoding="utf-8")


@contextmanager
def loaded(name: str, text: str) -> Iterator[ModuleType]:
    """The text as a module under a name of its own; nothing that is installed changes."""
    module = ModuleType(name)
    sys.modules[name] = module  # dataclasses look their module up
    try:
        exec(compile(text, f"<{name}>", "exec"), module.__dict__)
        yield module
    finally:
        del sys.modules[name]


@contextmanager
def changed(mutant: Mutant) -> Iterator[Rules]:
    """The rules with the mutant in the place of what it changes, also for those who import it."""
    name = f"{mutant.module}_mutant"
    with loaded(name, source(mutant.module).replace(mutant.old, mutant.new)) as module:
        own = {field: getattr(module, field) for field in Rules.__dataclass_fields__ if hasattr(module, field)}
        if mutant.module == "terms":
            own = {"contacts": module.Contacts}
        if mutant.module != "verdict":
            yield replace(RULES, **own)
            return
        over = [source(other).replace("countermand.core.verdict", name) for other in ("timeline", "lapse")]
        with loaded("timeline_over", over[0]) as timeline, loaded("lapse_over", over[1]) as lapse:
            above = {"timeline": timeline.timeline, "unregistered": timeline.unregistered, "lapsing": lapse.lapsing}
            yield replace(RULES, judge=module.judge, status=module.Status, **above)


def is_noticed(rules: Rules, tried: int = TRIED) -> bool:
    for seed in range(tried):
        for law in LAWS:
            try:
                law(world(seed), rules)
            except AssertionError:
                return True
    return False


def test_the_rules_themselves_keep_every_law() -> None:
    assert not is_noticed(RULES)


def test_a_copy_that_is_not_changed_keeps_every_law() -> None:
    """Else a mutant would be noticed for being a copy."""
    for module in sorted({mutant.module for mutant in MUTANTS}):
        with changed(Mutant(module, "", "", "nothing")) as rules:
            assert not is_noticed(rules, tried=30), module


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: f"{mutant.module}: {mutant.meaning}")
def test_a_mutant_is_noticed(mutant: Mutant) -> None:
    assert source(mutant.module).count(mutant.old) == 1, "the rule was rewritten; say the mutant anew"
    with changed(mutant) as rules:
        assert is_noticed(rules), mutant.meaning
