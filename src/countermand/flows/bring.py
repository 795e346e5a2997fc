"""Bring the fleet in: one verb per kind of file."""

from countermand.flows.bring_devices import bring_devices, bring_exchange
from countermand.flows.bring_nanomdm import bring_nanomdm
from countermand.flows.bring_parquet import bring_parquet
from countermand.flows.bring_people import bring_groups, bring_people

__all__ = ["bring_devices", "bring_exchange", "bring_groups", "bring_nanomdm", "bring_parquet", "bring_people"]
