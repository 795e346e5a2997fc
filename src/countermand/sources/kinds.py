"""The kinds of sources there are: how each comes to us, what it can see, and what it may ask."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from countermand.core.visibility import Sight
from countermand.sources import devices_csv, exchange, intune, jamf, nanomdm
from countermand.sources.source import Link, Request, Setting, Source


class Comes(StrEnum):
    """How what a source knows comes to us."""

    ASKED = "asked"  # we fetch it, by the clock
    POSTS = "posts"  # it sends each event as it happens
    FILE = "file"  # somebody imports it


@dataclass(frozen=True, slots=True)
class Kind:
    """``open``: for a source that is asked, what makes it from its settings and secret."""

    words: str
    comes: Comes
    sights: tuple[Sight, ...]
    settings: Mapping[str, Setting] = field(default_factory=dict)
    requests: tuple[Request, ...] = ()
    open: Callable[[Link], Source] | None = None


KINDS: Mapping[str, Kind] = {
    "nanomdm": Kind("NanoMDM, or another Apple MDM with its webhook", Comes.POSTS, nanomdm.SIGHTS),
    "intune": Kind("Microsoft Intune", Comes.ASKED, intune.SIGHTS, intune.SETTINGS, intune.REQUESTS, intune.Intune),
    "jamf": Kind("Jamf Pro", Comes.ASKED, jamf.SIGHTS, jamf.SETTINGS, jamf.REQUESTS, jamf.Jamf),
    "devices-csv": Kind("a file of devices (CSV or Parquet)", Comes.FILE, devices_csv.SIGHTS),
    "exchange": Kind("Exchange's list of mobile devices", Comes.FILE, exchange.SIGHTS),
}
