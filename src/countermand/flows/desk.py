"""The desk of an installation: everything that its notices have in common, from its configuration."""

from countermand.config import Config
from countermand.core.instants import Instant
from countermand.flows.letters import Desk
from countermand.flows.posted_bounces import returning
from countermand.notices.channels import configured
from countermand.notices.pace import PerHost


def desk(config: Config, real: Instant) -> Desk:
    """Refused ``channel-unfit`` and ``secret-unreadable`` for second channels that cannot be used."""
    said, back = config.notices, returning(config)
    return Desk(
        key=back.key,
        domain=config.origin,
        sender=config.smtp.sender,
        lease=said.lease,
        language=said.language,
        quiet=said.quiet,
        returning=back,
        hosts=PerHost(config.smtp.per_hour_per_host, real),
        ring_wait=said.ring_wait,
        page=config.pages.url,
        echoing=configured(config.channels),
    )
