"""What an address says of itself."""

import ipaddress


def loopback(host: str) -> bool:
    """Whether this host is reached from this machine alone."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
