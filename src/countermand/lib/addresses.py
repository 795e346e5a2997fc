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


#: IPv4 inside IPv6 by a translator (RFC 6052): what it is inside decides.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def public(address: str) -> bool:
    """Whether this numeric address is one of the internet's, so that nothing of a private network is reached by it."""
    found = ipaddress.ip_address(address.partition("%")[0])
    inside: ipaddress.IPv4Address | None = None
    if isinstance(found, ipaddress.IPv6Address):
        inside = found.ipv4_mapped or found.sixtofour
        if found in _NAT64:
            inside = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
    return found.is_global and not found.is_multicast if inside is None else inside.is_global and not inside.is_multicast
