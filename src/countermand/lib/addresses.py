"""What an address says of itself."""

import ipaddress
from urllib.parse import urlsplit


def loopback(host: str) -> bool:
    """Whether this host is reached from this machine alone. An IPv4 address in IPv6 clothes is what it is inside."""
    try:
        address = ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return host == "localhost"
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def host_of(url: str) -> str:
    """The host of an address as a browser sends it, without its port; brackets stay around IPv6. '' if it has none."""
    host = urlsplit(url).hostname or ""
    return f"[{host}]" if ":" in host else host
