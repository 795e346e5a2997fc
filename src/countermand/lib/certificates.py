"""Until when the certificates in a PEM file hold."""

from pathlib import Path

from countermand.core.instants import DAY, Instant

#: What runs out within this is said.
AHEAD = 30 * DAY


def ends(file: Path) -> list[Instant]:
    """The ends of every certificate in it, in the order of the file; none if it cannot be read."""
    from cryptography import x509  # what asks for it is rare, and most processes never do

    try:
        found = x509.load_pem_x509_certificates(file.read_bytes())
    except (OSError, ValueError):
        return []
    return [int(one.not_valid_after_utc.timestamp() * 1000) for one in found]


def chain_until(file: Path) -> Instant | None:
    """Until when a certificate is believed that is shown with those that vouch for it: as long as all of them hold."""
    return min(ends(file), default=None)


def authorities_until(file: Path) -> Instant | None:
    """Until when anybody is believed whom one of these authorities vouches for: a new one stands beside the old for a time."""
    return max(ends(file), default=None)
