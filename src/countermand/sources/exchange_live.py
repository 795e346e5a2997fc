"""Exchange Online's mobile devices as they are now, by ``Get-MobileDevice`` through the endpoint of its PowerShell module.

Its vendor does not support this way; whoever connects it says that they accept that. What the fields mean is in exchange_rows.

Traps of this source, each handled here and nowhere else:

* A page may be shorter than asked for, and empty, with more to follow.
* When a device last synchronised is in the statistics, which have to be asked mailbox by mailbox: it is done only where it is
  asked for (``statistics=yes``), because Exchange gives an application few such requests a minute.
* Times come with and without an offset; Exchange's are in UTC.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from countermand.core.apps import App
from countermand.core.errors import Refused
from countermand.core.instants import Instant
from countermand.core.mentions import Mention
from countermand.core.people import normal_login
from countermand.core.visibility import Sight
from countermand.lib import exchange_cmdlets
from countermand.lib.exchange_cmdlets import Allowed, Cmdlets
from countermand.lib.granted import Denied
from countermand.lib.http import Unreachable
from countermand.lib.vendor import tried
from countermand.sources.exchange_rows import mention_of, names_of, platform_of, sight_of
from countermand.sources.rows import looked_over, moment, part, rows_of, text, thing
from countermand.sources.source import Checked, Link, Page, Question, Setting, allowed, strange

_LIST, _STATISTICS = "Get-MobileDevice", "Get-MobileDeviceStatistics"
#: Everything that is ever named. Neither changes anything; Clear-MobileDevice, which wipes, goes through the same path.
CMDLETS: Allowed = {_LIST: frozenset({"ResultSize"}), _STATISTICS: frozenset({"Mailbox"})}
_NEEDS = f"Exchange.ManageAsApp and a role that may use {_LIST} (and {_STATISTICS}) alone"
REQUESTS = exchange_cmdlets.requests(_NEEDS)
SETTINGS: Mapping[str, Setting] = {
    **exchange_cmdlets.SETTINGS,
    "statistics": Setting("yes: each mailbox is asked when its devices last synchronised; no: none is", "no", "yes|no"),
}
_PAGE, _FEW = 1_000, 100
#: Where a page puts what the statistics say of a device.
_SAID = "countermand.statistics"


class ExchangeLive:
    """One organisation."""

    def __init__(self, link: Link) -> None:
        self._name = link.name
        self._statistics = link.settings["statistics"] == "yes"
        self._cmdlets = Cmdlets(link, CMDLETS, strange(link))

    def fetch(self, since: str) -> Iterator[Page]:
        """By the query of the page that follows. Refused ``source-denied``."""
        with allowed(self._name):
            for page in self._pages(since):
                yield Page(tuple(self._with_statistics(page.raw)), page.next) if self._statistics else page

    def parse(self, raw: Any, now: Instant) -> Mention:
        return mention(raw, now)

    def recheck(self, devices: Sequence[Mention], apps: frozenset[App] | None) -> Question | None:
        """Not supported: Exchange knows of no apps."""
        return None

    def visibility(self, raw: Any) -> Sight | None:
        return sight_of(thing(raw)) if platform_of(thing(raw)) is not None else None

    def check(self, names: frozenset[str], tick: Callable[[int], None]) -> Checked:
        found = looked_over("mobile devices", _NEEDS, self._pages(""), self.visibility, tick)
        if not self._statistics or not found.abilities[0].works:
            return found
        asked = tried("when they last synchronised", _NEEDS, self._first_statistics, Denied, Unreachable, Refused)
        return replace(found, abilities=(*found.abilities, asked))

    def _pages(self, since: str, size: int = _PAGE) -> Iterator[Page]:
        page = since
        while True:
            rows, page = self._cmdlets.rows(_LIST, {"ResultSize": "Unlimited"}, page, size)
            yield Page(tuple(rows), page)
            if not page:
                return

    def _with_statistics(self, rows: Sequence[Any]) -> Iterator[Any]:
        """The rows of a page with what the statistics say of each; whatever is no row stays what it is."""
        said = {mailbox: self._said_of(mailbox) for mailbox in dict.fromkeys(map(_mailbox, rows_of(list(rows)))) if mailbox}
        for row in rows:
            found = said.get(_mailbox(row), {}).get(text(row.get("DeviceId")).lower()) if isinstance(row, dict) else None
            yield {**row, _SAID: found} if found else row

    def _said_of(self, mailbox: str) -> Mapping[str, Mapping[str, Any]]:
        """Device id in small letters → what the statistics say; nothing of a mailbox that is gone by now."""
        found: dict[str, Mapping[str, Any]] = {}
        page = ""
        while True:
            try:
                rows, page = self._cmdlets.rows(_STATISTICS, {"Mailbox": mailbox}, page, _FEW, mailbox)
            except Denied as denied:
                if denied.status in {400, 404}:
                    return found
                raise
            found |= {text(row.get("DeviceID", row.get("DeviceId"))).lower(): row for row in rows_of(rows)}
            if not page:
                return found

    def _first_statistics(self) -> None:
        for page in self._pages("", _FEW):
            if mailbox := next(filter(None, map(_mailbox, rows_of(list(page.raw)))), ""):
                self._cmdlets.rows(_STATISTICS, {"Mailbox": mailbox}, "", _FEW, mailbox)
                return


def mention(raw: Any, now: Instant) -> Mention:
    """One device. Refused ``device-unreadable``, ``time-ahead``."""
    row = thing(raw)
    platform, name = platform_of(row), text(row.get("DeviceId"))
    if platform is None or not name:
        raise Refused("device-unreadable", device=name, why="it has no DeviceId" if platform else "its platform is not known")
    said = part(row, _SAID).get("LastSuccessSync")
    seen = moment(_with_offset(said), now)
    (names,) = names_of([name])
    return mention_of(names, platform, _mailbox(row), text(row.get("DeviceModel")), now if seen is None else min(seen, now))


def _with_offset(said: Any) -> Any:
    return f"{said}Z" if isinstance(said, str) and said and not said.endswith("Z") and "+" not in said[10:] else said


def _mailbox(row: Any) -> str:
    """Whose mailbox the statistics are asked of: never nobody's, which would be everybody's."""
    return normal_login(text(row.get("UserPrincipalName"))) if isinstance(row, dict) else ""
