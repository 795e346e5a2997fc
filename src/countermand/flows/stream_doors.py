"""Where a stream's tokens go: which address may be one, and what is said at its door."""

from pathlib import Path
from urllib.parse import urlsplit

from countermand.access import Act
from countermand.config import Config
from countermand.core.errors import Refused
from countermand.flows.credentials import credentials_key
from countermand.lib import sealed
from countermand.lib.addresses import loopback, public
from countermand.signals.kinds import Kind, checked
from countermand.signals.push import Target
from countermand.store.streams import Stream


def checked_endpoint(config: Config, url: str, *, drill: bool) -> str:
    """The address, if tokens may be pushed there. Refused ``subscriber-url``, ``url-insecure``, ``address-private`` for a
    number of a private network (a name is looked at when it is reached), ``drill-stays-in``."""
    host = checked(Kind.WEBHOOK, url)
    if drill and not loopback(host):
        raise Refused("drill-stays-in", name=host)
    if host not in config.signals.private_hosts and _private(host):
        raise Refused("address-private", host=host, address=host)
    return url


def target(act: Act, config: Config, stream: Stream) -> Target:
    """Where to push, with the credential opened. Refused ``stream-credential``, ``drill-stays-in``."""
    host = urlsplit(stream.endpoint).hostname or ""
    if act.drill and not loopback(host):
        raise Refused("drill-stays-in", name=stream.receiver.name)
    authorization = ""
    if stream.credential:
        try:
            authorization = sealed.opened(credentials_key(config.state_dir), _purpose(stream.stream_id), stream.credential)
        except sealed.Unsealed:
            raise Refused("stream-credential", name=stream.receiver.name) from None
    return Target(stream.endpoint, authorization, host in config.signals.private_hosts, config.signals.ca_file)


def credential(state_dir: Path, stream_id: str, authorization: str) -> bytes:
    """What goes into the header, sealed; empty for nothing."""
    return sealed.seal(credentials_key(state_dir), _purpose(stream_id), authorization) if authorization else b""


def _private(host: str) -> bool:
    try:
        return not public(host)
    except ValueError:  # a name
        return host == "localhost"


def _purpose(stream_id: str) -> str:
    return f"stream:{stream_id}"
