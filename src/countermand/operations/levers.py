"""Levers: what enforces beside us, and is fed by us. Adding one, with its secret, is done on the installation's own machine."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from countermand.access import Act
from countermand.flows import lever_carry, lever_plan, lever_switch, lever_verify, lever_work, levers
from countermand.flows.lever_carry import Carried, Script
from countermand.flows.lever_plan import Plan
from countermand.flows.lever_verify import Verified
from countermand.flows.lever_work import Hand, Worked
from countermand.flows.levers import Standing
from countermand.lib import clock
from countermand.lib.vendor import Ability
from countermand.operations.operation import Call, operation, rehearsed
from countermand.operations.pages import USUAL, Page, page
from countermand.reads import installation
from countermand.reads import levers as reads
from countermand.reads.levers import LeverView

#: Milliseconds of work that one request does; whoever wants more asks again.
_TURN = 5_000
_MOST = 500


@dataclass(frozen=True, slots=True)
class CheckedLever:
    """``ok``: whether everything that it takes is allowed; ``words``: how long it takes, how it is undone, whom it does not
    reach."""

    name: str
    ok: bool
    abilities: tuple[Ability, ...]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlannedLever:
    """``words``: how long these writes take, how they are undone, whom they do not reach."""

    plan: Plan
    words: tuple[str, ...]


@operation("GET", "/levers", "read")
def list_levers(call: Call, after: str = "", limit: int = USUAL) -> Page[LeverView]:
    """Every lever: what is there of ours, what is still to be written, how fast it goes, and what is wrong with it."""
    return page(reads.all_levers(call.act), lambda one: one.name, after, limit)


@operation("POST", "/levers/{name}/check", "work-lever", again=True)
def check_lever(call: Call, name: str) -> CheckedLever:
    """Ask a lever what its credentials allow. Nothing is written."""
    found = levers.lever_known(call.act, name)
    carried = levers.kind_of(found).open is None
    abilities = () if carried else tuple(levers.lever_check(call.act, call.config, name))
    return CheckedLever(name, all(one.works for one in abilities), abilities, reads.foretold(found, reads.view(found).wanted))


@operation("POST", "/levers/{name}/plan", "work-lever", again=True)
def plan_lever(call: Call, name: str, after: int = 0, limit: int = USUAL) -> PlannedLever:
    """Each write that would be made now, page by page, and what is left alone because others wrote it. Nothing is written."""
    found, size = levers.lever_known(call.act, name), min(max(limit, 1), _MOST)
    if levers.kind_of(found).open is None:
        made = lever_plan.plan(call.act, name, None, after, size)
    else:
        with _hand(call, name) as using:
            made = lever_plan.plan(call.act, name, using, after, size)
    return PlannedLever(made, reads.foretold(found, made.adds + made.removes))


@operation("POST", "/levers/{name}/apply", "work-lever", again=True)
def apply_lever(call: Call, name: str) -> Worked:
    """Keep a lever up from now on, and write for a few seconds; the worker does the rest. Asked again, it goes on. A lever
    that a person carries is only begun."""
    levers.lever_begin(call.act, name)
    if levers.kind_of(levers.known(name)).open is None:
        return Worked(name, waits=reads.one_lever(call.act, name).waits)
    way = lever_switch.way_of(call.act, call.config)
    with _hand(call, name) as using:
        return lever_work.work(_now(call), name, using, way, holder=_holder(), progress=call.tick, until=_soon())


@operation("POST", "/levers/{name}/verify", "work-lever", again=True)
def verify_lever(call: Call, name: str) -> Verified:
    """Read back what is there, for a few seconds; asked again it goes on until ``whole``. What others changed is let go."""
    way = lever_switch.way_of(call.act, call.config)
    with _hand(call, name) as using:
        return lever_verify.verify(_now(call), name, using, way, holder=_holder(), progress=call.tick, until=_soon())


@operation("POST", "/levers/{name}/script", "work-lever")
def lever_script(call: Call, name: str, see: bool = False, again: bool = False, limit: int = lever_carry.MOST) -> Script:
    """For a lever that a person carries: what is to be written, as a script. ``see``: one that only reads back what is there of
    ours; ``again``: although the results of an earlier one are missing."""
    return lever_carry.lever_script(call.act, name, see=see, again=again, limit=limit)


@operation("POST", "/levers/{name}/results", "work-lever", again=True)
def lever_results(call: Call, name: str, text: str, ours: bool = False) -> Carried:
    """Read back what a script says of its entries. ``ours``: what an earlier script, whose results are lost, may have written is
    taken for ours."""
    return lever_carry.lever_results(call.act, name, text, ours=ours)


@operation("POST", "/levers/{name}/undo", "undo-lever")
def undo_lever(call: Call, name: str, dry_run: bool = False) -> Standing:
    """Take everything of ours back, whatever the directives say: the switch at once, the entries behind it."""
    return rehearsed(dry_run, levers.lever_undo)(call.act, name)


@operation("POST", "/levers/{name}/enable", "enable-lever")
def enable_lever(call: Call, name: str, dry_run: bool = False) -> Standing:
    """Propose that a lever's switch may deny, or agree to what somebody else proposed."""
    return rehearsed(dry_run, levers.lever_enable)(call.act, name)


@operation("POST", "/levers/{name}/disable", "undo-lever")
def disable_lever(call: Call, name: str, dry_run: bool = False) -> Standing:
    """A lever's switch denies nobody any more; its entries stay."""
    return rehearsed(dry_run, levers.lever_disable)(call.act, name)


@operation("POST", "/levers/{name}/pause", "work-lever")
def pause_lever(call: Call, name: str, dry_run: bool = False) -> Standing:
    """Write no entries until it is resumed. Its switch still follows whatever is halted or rescinded."""
    return rehearsed(dry_run, levers.lever_pause)(call.act, name, paused=True)


@operation("POST", "/levers/{name}/resume", "work-lever")
def resume_lever(call: Call, name: str, dry_run: bool = False) -> Standing:
    """Write to a paused lever again."""
    return rehearsed(dry_run, levers.lever_pause)(call.act, name, paused=False)


@operation("POST", "/levers/{name}/remove", "lever")
def remove_lever(call: Call, name: str, dry_run: bool = False) -> Standing:
    """Forget a lever and its secret, once nothing of ours is there any more."""
    return rehearsed(dry_run, levers.lever_remove)(call.act, name)


OPERATIONS = (
    list_levers, check_lever, plan_lever, apply_lever, verify_lever, lever_script, lever_results, undo_lever, enable_lever,
    disable_lever, pause_lever, resume_lever, remove_lever,
)  # fmt: skip


def _hand(call: Call, name: str) -> Hand:
    return lever_work.hand(call.act, call.config, name)


def _now(call: Call) -> Callable[[], Act]:
    """An act for each short piece of work, by whoever asked."""
    return lambda: installation.act(call.act.actor)


def _holder() -> str:
    return f"asked:{secrets.token_hex(8)}"


def _soon() -> Callable[[], bool]:
    end = clock.steady() + _TURN
    return lambda: clock.steady() > end
