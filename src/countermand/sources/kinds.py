"""The kinds of sources there are: how each comes to us, what it can see, and what it may ask."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from countermand.core.claims import Voice
from countermand.core.devices import Enrollment, Ownership
from countermand.core.visibility import Sight
from countermand.sources import (
    android,
    android_pushed,
    cloud_identity,
    devices_csv,
    exchange_live,
    exchange_rows,
    fleetdm,
    google,
    intune,
    jamf,
    jamf_classic,
    nanomdm,
    nanomdm_api,
)
from countermand.sources.source import Caller, Link, Request, Setting, Source


class Comes(StrEnum):
    """How what a source knows comes to us."""

    ASKED = "asked"  # we fetch it, by the clock
    POSTS = "posts"  # it sends each event as it happens
    FILE = "file"  # somebody imports it


@dataclass(frozen=True, slots=True)
class Kind:
    """``open``: for a source that is asked, what makes it from its settings and secret; ``call``: the same for one that posts and
    can be told to ask its devices, and ``sight`` what such a device can be asked for; ``pushed``: whether, with these settings, a
    source that is asked is pushed to us as well, by somebody who proves it without a secret of ours."""

    words: str
    comes: Comes
    sights: tuple[Sight, ...]
    settings: Mapping[str, Setting] = field(default_factory=dict)
    requests: tuple[Request, ...] = ()
    open: Callable[[Link], Source] | None = None
    call: Callable[[Link], Caller] | None = None
    sight: Callable[[Enrollment, Ownership], Sight] | None = None
    voice: Voice = Voice.MANAGER
    pushed: Callable[[Mapping[str, str]], bool] = lambda settings: False


KINDS: Mapping[str, Kind] = {
    "nanomdm": Kind(
        "NanoMDM, or another Apple MDM with its webhook",
        Comes.POSTS,
        nanomdm.SIGHTS,
        nanomdm_api.SETTINGS,
        nanomdm_api.REQUESTS,
        call=nanomdm_api.NanoMDM,
        sight=nanomdm.sight,
    ),
    "intune": Kind("Microsoft Intune", Comes.ASKED, intune.SIGHTS, intune.SETTINGS, intune.REQUESTS, intune.Intune),
    "jamf": Kind("Jamf Pro", Comes.ASKED, jamf.SIGHTS, jamf.SETTINGS, jamf.REQUESTS, jamf.Jamf),
    "jamf-classic": Kind(
        "Jamf Pro, through its Classic API",
        Comes.ASKED,
        jamf_classic.SIGHTS,
        jamf_classic.SETTINGS,
        jamf_classic.REQUESTS,
        jamf_classic.JamfClassic,
    ),
    "fleetdm": Kind("Fleet", Comes.ASKED, fleetdm.SIGHTS, fleetdm.SETTINGS, fleetdm.REQUESTS, fleetdm.FleetDm),
    "google": Kind(
        "Google Workspace's mobile devices", Comes.ASKED, google.SIGHTS, google.SETTINGS, google.REQUESTS, google.Directory
    ),
    "google-devices": Kind(
        "Google's Cloud Identity devices",
        Comes.ASKED,
        cloud_identity.SIGHTS,
        cloud_identity.SETTINGS,
        cloud_identity.REQUESTS,
        cloud_identity.CloudIdentity,
    ),
    "android": Kind(
        "Google's Android Management API",
        Comes.ASKED,
        android.SIGHTS,
        {**android.SETTINGS, **android_pushed.SETTINGS},
        (*android.REQUESTS, android_pushed.KEYS),
        android.Android,
        pushed=lambda settings: bool(android_pushed.setting(settings, "push_account")),
    ),
    "webhook": Kind("a program of your own, which posts what it knows", Comes.POSTS, devices_csv.SIGHTS, voice=Voice.FILE),
    "devices-csv": Kind("a file of devices (CSV or Parquet)", Comes.FILE, devices_csv.SIGHTS, voice=Voice.FILE),
    "exchange-online": Kind(
        "Exchange Online's own list of mobile devices, in a way that Microsoft does not support",
        Comes.ASKED,
        exchange_rows.SIGHTS,
        exchange_live.SETTINGS,
        exchange_live.REQUESTS,
        exchange_live.ExchangeLive,
        voice=Voice.MAIL,
    ),
    "exchange": Kind("Exchange's list of mobile devices", Comes.FILE, exchange_rows.SIGHTS, voice=Voice.MAIL),
}


def voice_of(kind: str) -> Voice:
    """What a source of this kind knows devices by; one of a kind that has only a name is taken for a manager's."""
    return KINDS[kind].voice if kind in KINDS else Voice.MANAGER
