"""The audience: whose owners a version is told to, as set algebra over a block of devices; and how many may be told."""

from pyroaring import BitMap

from countermand.core import facts
from countermand.core.directive import Audience
from countermand.core.facts import Block
from countermand.core.terms import Terms
from countermand.core.verdict import in_scope, present


def addressed(block: Block, terms: Terms) -> BitMap:
    """Devices whose owners are told: in scope, and with ``audience: affected`` only those on which a named app is present.

    A device that is nobody's has nobody to tell.
    """
    devices = in_scope(block, terms) & block[facts.OWNED]
    return devices & present(block, terms) if terms.directive.audience is Audience.AFFECTED else devices
