"""Attestations as rows: who stated what of which device, kept as they were said."""

from collections.abc import Collection

from countermand.core.apps import App
from countermand.core.instants import Instant
from countermand.store import models


def record(device: int, apps: Collection[App], at: Instant, by: str) -> None:
    """Keep the statement that these apps are gone from the device."""
    models.Attestation.objects.create(device_id=device, apps=sorted(str(app) for app in apps), at=at, by=by)
