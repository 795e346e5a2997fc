"""The kinds of levers there are."""

from collections.abc import Mapping

from countermand.levers import entra
from countermand.levers.lever import Kind

KINDS: Mapping[str, Kind] = {"entra": entra.KIND}
