"""Fleets worth judging: several sources and coverages, late and repeated reports, versions that ask more and less and more.

A phone, an order or the state of the sources is drawn as a few bytes and read as a number whose digits choose among
options, the plainest first: quick to draw, and a counterexample shrinks towards the plainest phone that still shows it.
The same reading makes the fixed fleets on which mutants are tried.
"""

from dataclasses import dataclass
from random import Random
from typing import Any, TypeVar

from build import DUE, NOW, directive
from hypothesis import settings
from hypothesis import strategies as st
from oracle import Order, Owner, Phone, Sources, Version

from countermand.core.apps import App
from countermand.core.coverage import EVERYTHING, NOTHING, Coverage, Grade, Report
from countermand.core.devices import Device, Enrollment, Identity, IdentityKind, Ownership, Platform
from countermand.core.directive import AppliesTo, ComplyBy, Consequence, Evidence, Force, OnUnknown, People, Ring, Rollout
from countermand.core.instants import DAY, HOUR, MINUTE, Instant
from countermand.core.people import Person

T = TypeVar("T")
ORDER = "no-tiktok"
LATER = DUE + 7 * DAY
#: Every due, opening and end is one of these, so that looking at each and just before it sees everything that can change.
MOMENTS: tuple[Instant, ...] = (DUE, DUE + HOUR, NOW, LATER, DUE - DAY)
INSTANTS: tuple[Instant, ...] = tuple(sorted({moment - before for moment in MOMENTS for before in (0, 1)}))
IOS = tuple(App(Platform.IOS, name) for name in ("tiktok", "trill", "lark"))
ANDROID = tuple(App(Platform.ANDROID, name) for name in ("tiktok", "trill", "lark"))
FIRST, SECOND = frozenset({IOS[0], ANDROID[0]}), frozenset({IOS[1], ANDROID[1]})
COVERAGES = (EVERYTHING, Coverage(FIRST), Coverage(FIRST | SECOND), Coverage(SECOND), NOTHING, Coverage(frozenset({IOS[0]})))
AGES = (
    HOUR,
    0,
    47 * HOUR,
    48 * HOUR + 30 * MINUTE,
    50 * HOUR,
    4 * DAY,
    7 * DAY,
    7 * DAY + HOUR,
    8 * DAY,
    9 * DAY,
    30 * DAY,
    -MINUTE,
)
ALLOW, DENY = OnUnknown.ALLOW, OnUnknown.DENY
#: For laws that follow from agreeing with the oracle: they say it in other words, and need not look as long.
HALF = settings(max_examples=max(1, settings().max_examples // 2))
SEED = 16  # bytes: more than the digits of any one thing need


class Digits:
    """The digits of a number, each in the base that the next choice needs."""

    def __init__(self, seed: bytes) -> None:
        self._rest = int.from_bytes(seed)

    def of(self, *options: T) -> T:
        self._rest, digit = divmod(self._rest, len(options))
        return options[digit]

    def some(self, *options: T) -> tuple[T, ...]:
        return tuple(option for option in options if self.of(False, True))


@dataclass(frozen=True)
class World:
    """A fleet under one order at one time."""

    order: Order
    phones: tuple[Phone, ...]
    sources: Sources
    now: Instant


def report(draw: Digits, now: Instant, platform: Platform) -> Report:
    source = draw.of("mdm", "mdm", "google", "attestation")
    said = source == "attestation"
    grade = Grade.ATTESTED if said else draw.of(Grade.INVENTORY, Grade.INVENTORY, Grade.PREVENTED, Grade.NONE)
    coverage, age = draw.of(*COVERAGES), draw.of(*AGES)
    shown = draw.some(*(IOS if platform is Platform.IOS else ANDROID)) if draw.of(True, False, False) else ()
    return Report(source, now - age, grade, coverage, frozenset(() if said else shown))


def owner(draw: Digits) -> Owner:
    groups = draw.of(*[("staff",)] * 4, ("staff", "responders"), ("finance",), ())
    told = [(number, draw.of(*MOMENTS)) for number in draw.some(1, 2, 3)]
    return Owner(
        person=Person("alice", "", "Alice", country=draw.of("US", "DE", "")),
        groups=groups,
        told=tuple(told),
        exempt=((draw.of(ORDER, "other"), draw.of(*MOMENTS)),) if draw.of(False, False, True) else (),
        ring=draw.of(None, 0, 1, 2),
        protected=draw.of(*[False] * 6, True),
    )


def phone(seed: bytes, now: Instant) -> Phone:
    draw = Digits(seed)
    platform = draw.of(*Platform)
    device = Device(
        identities=draw.of(frozenset({Identity(IdentityKind.EAS, "ApplF17")}), frozenset()),
        login="alice",
        platform=platform,
        ownership=draw.of(*Ownership),
        enrollment=draw.of(*Enrollment, Enrollment.SUPERVISED, Enrollment.DEVICE),
        reads_mail=draw.of(True, True, True, False),
        retired=draw.of(*[False] * 15, True),
    )
    return Phone(
        device=device,
        owner=owner(draw) if draw.of(*[True] * 7, False) else None,
        reports=tuple(report(draw, now, platform) for _ in range(draw.of(1, 0, 2, 3, 4))),
        exempt=((ORDER, draw.of(*MOMENTS)),) if draw.of(*[False] * 5, True) else (),
        mail_removed=draw.of(*[False] * 5, True),
        lapsed=draw.some(1, 2, 3),
    )


def version(draw: Digits, number: int) -> Version:
    strict, weak = Grade.INVENTORY, Grade.ATTESTED
    prevented = dict.fromkeys(Ownership, Grade.PREVENTED)
    usual = {Ownership.CORPORATE: strict, Ownership.PERSONAL: weak, Ownership.CONTRACTOR: weak}
    spares = {**dict.fromkeys(Ownership, Force.MANDATORY), Ownership.PERSONAL: Force.OUT_OF_SCOPE}
    advises = {**dict.fromkeys(Ownership, Force.MANDATORY), Ownership.CONTRACTOR: Force.RECOMMENDATION}
    everybody = People()
    applies_to = AppliesTo(
        people=draw.of(
            *[everybody] * 6,
            People(groups=frozenset({"staff", "finance"})),
            People(countries=frozenset({"US"})),
            People(except_groups=frozenset({"responders"})),
        ),
        platforms=draw.of(*[frozenset(Platform)] * 6, frozenset({Platform.IOS})),
        reads_mail=draw.of(True, False),
        unregistered=draw.of(DENY, DENY, ALLOW),
        force=draw.of(*[dict.fromkeys(Ownership, Force.MANDATORY)] * 3, spares, advises),
    )
    text = directive(
        id=ORDER,
        applies_to=applies_to,
        consequence=draw.of(*[Consequence.DENY_MAIL] * 5, Consequence.REPORT_ONLY),
        comply_by=draw.of(frozenset({ComplyBy.REMOVE_APP}), frozenset(ComplyBy)),
        evidence=Evidence(
            draw.of(7 * DAY, 48 * HOUR, 24 * HOUR, 49 * HOUR), draw.of(usual, usual, usual, prevented), draw.of(DENY, ALLOW, DENY)
        ),
        rollout=draw.of(*[Rollout()] * 2, Rollout((Ring(0.1, HOUR), Ring(0.5, HOUR), Ring(1.0)))),
    )
    both = IOS[:2] + ANDROID[:2]
    apps = draw.of((IOS[0], ANDROID[0]), both, both, (IOS[1], ANDROID[1]), IOS[:2], IOS + ANDROID)
    due = draw.of(*MOMENTS)
    return Version(number, text, apps, due if text.denies or draw.of(True, False) else None)  # what denies has a due


def order(seeds: tuple[bytes, ...]) -> Order:
    draw = Digits(seeds[0])
    versions = tuple(version(Digits(seed), number) for number, seed in enumerate(seeds[1:], start=1))
    opened = draw.of((0, DUE + HOUR, NOW), (DUE,), (DUE, LATER), ())
    return Order(ORDER, versions, draw.of(0, 0, DUE + HOUR, LATER), opened)


def sources(draw: Digits) -> tuple[Instant, Sources]:
    now = draw.of(NOW, DUE, DUE - 1, LATER)
    contact, interval = {"mdm": now - draw.of(0, HOUR, 3 * HOUR, 0, 4 * HOUR, 10 * DAY)}, {"mdm": HOUR, "google": DAY}
    if ago := draw.of(HOUR, None, 3 * DAY, 4 * DAY, 3 * DAY + 1):
        contact["google"] = now - ago
    return now, Sources(contact, interval)


def world(told: bytes, orders: tuple[bytes, ...], phones: tuple[bytes, ...]) -> World:
    now, known = sources(Digits(told))
    return World(order((told[::-1], *orders)), tuple(phone(seed, now) for seed in phones), known, now)


def drawn(seed: int, size: int = 12) -> World:
    """The same world for the same seed, for ever."""
    random = Random(seed)
    versions = random.choice((1, 1, 2, 3))
    seeds = [random.randbytes(SEED) for _ in range(1 + versions + size)]
    return world(seeds[0], tuple(seeds[1 : 1 + versions]), tuple(seeds[1 + versions :]))


def _cut(drawn: bytes, size: int) -> list[bytes]:
    return [drawn[at : at + size] for at in range(0, len(drawn), size)]


def worlds(phones: int = 5, versions: int = 3) -> Any:
    """Worlds of up to so many phones and versions. Drawn as one piece of bytes, which is many times quicker than a list."""

    def split(drawn: bytes) -> World:
        first, *seeds = _cut(drawn, SEED)
        counts = Digits(first[-2:])
        asked, owned = counts.of(*range(1, versions + 1)), counts.of(*range(phones, 0, -1))
        return world(first, tuple(seeds[:asked]), tuple(seeds[versions : versions + owned]))

    size = SEED * (1 + versions + phones)
    return st.binary(min_size=size, max_size=size).map(split)


def reports(most: int = 6) -> Any:
    """What was said about one iPhone, in the order in which it came."""

    def split(drawn: bytes) -> tuple[Report, ...]:
        first, *seeds = _cut(drawn, 6)
        return tuple(report(Digits(seed), NOW, Platform.IOS) for seed in seeds[: first[0] % (most + 1)])

    size = 6 * (1 + most)
    return st.binary(min_size=size, max_size=size).map(split)
