"""What a lever is: the one protocol that every module of this package keeps, and the values that pass through it.

A lever reads entries and writes entries, by their keys. What follows from what (core.lever), when, and what is kept of it is
nothing that it knows. It holds no verb that could wipe a device, empty a list, or change what others wrote.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from countermand.core.devices import IdentityKind, Platform
from countermand.core.errors import Refused
from countermand.core.lever import Power, Quota
from countermand.lib.granted import Denied
from countermand.lib.http import Unreachable
from countermand.lib.vendor import Ability, Link, Request, Setting

#: What says that a system cannot be asked now, or does not let us.
FAULTS = (Denied, Unreachable, Refused)


class Later(Unreachable):
    """The system wants ``seconds`` first."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"it asks for {seconds:.0f} s")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Seen:
    """One entry as it is there. ``value``: NOTHING if it is empty; ``etag``: by which the system knows that it was read so;
    ``idle``: why what is written there does nothing for this device, '' if it does."""

    value: str
    etag: str = ""
    idle: str = ""


@dataclass(frozen=True, slots=True)
class Write:
    """Make the entry under ``key`` this. ``before``: what was seen there."""

    key: str
    value: str
    before: Seen


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one write. Neither ``done`` nor ``refused``: it is not known, and is looked at again. ``later``: the system
    wants so many seconds first."""

    done: bool = False
    refused: str = ""
    later: float = 0.0


@dataclass(frozen=True, slots=True)
class Policy:
    """The one switch as it is there. ``rule``: which entries it looks at; '' for a policy that is none of ours."""

    id: str
    power: Power
    rule: str


class Lever(Protocol):
    """One system that is written to over the network. Denied, Unreachable or Refused from whatever goes out."""

    def check(self) -> list[Ability]:
        """What works with these credentials. Changes nothing."""

    def read(self, keys: Sequence[str]) -> Mapping[str, Seen]:
        """Each entry as it is there now; a key that is not among them is unknown there."""

    def write(self, writes: Sequence[Write]) -> list[Outcome]:
        """Make these entries so; one outcome for each, in order."""

    def strays(self, after: str) -> tuple[list[str], str]:
        """Keys of entries that bear our mark, a page of them, and where the next begins ('' after the last); none for a system
        whose entries bear no mark."""


class Asked(Lever, Protocol):
    """A lever of devices that say themselves what is there, later, in events."""

    def ask(self, keys: Sequence[str]) -> None:
        """Have them say it."""


class Switched(Lever, Protocol):
    """A lever with one switch for everything that it wrote."""

    def rule(self, lineages: frozenset[str]) -> str:
        """What the switch looks at for these directives. Refused ``lever-full`` if that is more than it can."""

    def create(self, lineages: frozenset[str]) -> str:
        """The switch, made so that it denies nobody, or found as an earlier attempt left it; its id."""

    def policy(self, id_: str) -> Policy | None:
        """The switch as it is there; None if somebody deleted it."""

    def turn(self, id_: str, power: Power | None, lineages: frozenset[str] | None) -> None:
        """Write its power, its rule, or both (None: as it is), in one request."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What a lever is opened with: the way, and the mark that its entries bear. ``apps``: of a lever whose entries name apps by
    a value, the ids for each value that is written."""

    link: Link
    mark: str
    apps: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kind:
    """``identity``: by which names it knows devices; ``key``: from a login and such a name, None if it can be no entry;
    ``value``: from a mark and the directives that deny the device. ``open``: None for one that a person carries.
    ``apps``: of a lever whose entries are the forbidden apps of a platform, not devices; ``prevents``: of one that keeps them off
    devices of a platform, each by an entry of its own (an ``Asked``). ``misses``: what it does not reach, in
    sentences; ``unsupported``: who does not support this way, and '' if it is supported.
    ``quota``: of its settings; ``undone``: how it is undone; ``batch``: entries in one request, of which so many ``lanes`` may
    be under way at once."""

    words: str
    identity: IdentityKind
    key: Callable[[str, str], str | None]
    value: Callable[[str, frozenset[str]], str]
    quota: Callable[[Mapping[str, str]], Quota]
    undone: str
    misses: tuple[str, ...]
    settings: Mapping[str, Setting] = field(default_factory=dict)
    requests: tuple[Request, ...] = ()
    open: Callable[[Opened], Lever] | None = None
    switch: bool = False
    apps: Platform | None = None
    prevents: Platform | None = None
    batch: int = 1
    lanes: int = 4
    unsupported: str = ""


def rate(settings: Mapping[str, str], said: bool = True) -> Quota:
    """The quota that the setting ``rate`` states: ``3000/150s``."""
    writes, _, span = settings["rate"].partition("/")
    return Quota(int(writes), int(span.removesuffix("s")) * 1000, said)


def rate_setting(default: str) -> Setting:
    return Setting("so many writes in so many seconds, like 3000/150s", default, r"[1-9][0-9]{0,6}/[1-9][0-9]{0,4}s")


def strange(link: Link) -> Callable[[str], Refused]:
    """The refusal of what this system says and would not."""
    return lambda why: Refused("lever-strange", name=link.name, why=why)
