"""What every system of others needs before it can be asked: settings, a secret, and a list of what may be asked of it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from countermand.core.errors import Refused
from countermand.core.instants import Instant
from countermand.lib.outward import Outward

_ADDRESS = r"https?://[A-Za-z0-9.:\[\]-]{1,255}"


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing to be told about a system before it can be asked. ``default``: None if there is none; ``form``: the pattern
    of a whole value."""

    words: str
    default: str | None = None
    form: str = _ADDRESS

    @property
    def is_address(self) -> bool:
        """Whether it says where what is asked goes to, a secret among it."""
        return self.form == _ADDRESS


@dataclass(frozen=True, slots=True)
class Request:
    """A request that may be sent: the method, its path as a pattern, and the least permission that it takes."""

    method: str
    path: str
    needs: str


@dataclass(frozen=True, slots=True)
class Link:
    """What the way to a system is opened with. ``outward``: makes the way to a host, for these requests alone."""

    name: str
    settings: Mapping[str, str]
    secret: str = field(repr=False)
    outward: Callable[[str, tuple[tuple[str, str], ...]], Outward]
    now: Callable[[], Instant]


@dataclass(frozen=True, slots=True)
class Ability:
    """One thing that a system was asked for: ``works``, and if not ``why``; ``needs``: the permission that it takes."""

    what: str
    needs: str
    works: bool
    why: str = ""


def whole(settings: Mapping[str, Setting], given: Mapping[str, str], code: str) -> dict[str, str]:
    """Every setting, in a form that it can have. Refused ``code``, with the ``name`` of a setting and ``why`` it cannot be."""
    for name in given:
        if name not in settings:
            known = ", ".join(settings) or "none"
            raise Refused(code, name=name, why=f"there is no such setting; there are: {known}")
    found = {}
    for name, setting in settings.items():
        value = given.get(name, setting.default)
        if value is None:
            raise Refused(code, name=name, why=f"it is missing: {setting.words}")
        if not re.fullmatch(setting.form, value):
            raise Refused(code, name=name, why=f"{value!r} cannot be {setting.words}")
        found[name] = value
    return found


def tried(what: str, needs: str, step: Callable[[], object], *faults: type[Exception]) -> Ability:
    """The step, and whether it worked; ``faults``: what says that it did not."""
    try:
        step()
    except faults as wrong:
        return Ability(what, needs, works=False, why=str(wrong))
    return Ability(what, needs, works=True)
