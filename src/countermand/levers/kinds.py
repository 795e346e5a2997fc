"""The kinds of levers there are."""

from collections.abc import Mapping

from countermand.levers import (
    android_apps,
    apple_profile,
    entra,
    exchange_rest,
    exchange_script,
    google,
    google_mobile,
    intune_apps,
)
from countermand.levers.lever import Kind

KINDS: Mapping[str, Kind] = {
    "entra": entra.KIND,
    "exchange": exchange_script.KIND,
    "exchange-unsupported": exchange_rest.KIND,
    "google-state": google.STATES,
    "google-block": google.BLOCK,
    "google-mobile": google_mobile.MOBILE,
    "android-apps": android_apps.KIND,
    "intune-apps": intune_apps.KIND,
    "apple-profile": apple_profile.KIND,
}
