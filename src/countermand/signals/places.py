"""Where what stands for receivers of Shared Signals, by the issuer's address (SSF 1.0 §7.2, RFC 8414, RFC 9728)."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from countermand.core.caep import POLL, PUSH
from countermand.core.errors import Refused
from countermand.lib.addresses import loopback

MANAGE, READ = "ssf.manage", "ssf.read"
SCOPES = frozenset({MANAGE, READ})
#: An issuer at the top of its host has what belongs to it under this.
_UNDER = "/ssf"
_WELL_KNOWN = "/.well-known/"


@dataclass(frozen=True, slots=True)
class Places:
    """``issuer`` as receivers know it. Paths are those of requests, addresses those that receivers are told."""

    issuer: str

    @property
    def _parts(self) -> tuple[str, str]:
        parts = urlsplit(self.issuer)
        return f"{parts.scheme}://{parts.netloc}", parts.path

    @property
    def prefix(self) -> str:
        """Everything but the well-known documents has a path that begins so."""
        return self._parts[1] or _UNDER

    def well_known(self, name: str) -> str:
        """The path of a well-known document: its name stands between the host and the issuer's own path."""
        return f"{_WELL_KNOWN}{name}{self._parts[1]}"

    def path(self, name: str) -> str:
        return f"{self.prefix}/{name}"

    def url(self, name: str) -> str:
        return f"{self._parts[0]}{self.path(name)}"

    @property
    def metadata(self) -> str:
        """The address that a receiver begins with."""
        return f"{self._parts[0]}{self.well_known('ssf-configuration')}"

    def serves(self, path: str) -> bool:
        """Whether a request for this path is for us."""
        return path.startswith(f"{self.prefix}/") or path in {self.well_known(name) for name in DOCUMENTS}

    def transmitter(self) -> dict[str, Any]:
        """``ssf-configuration``."""
        return {
            "issuer": self.issuer,
            "spec_version": "1_0",
            "jwks_uri": self.url("jwks"),
            "delivery_methods_supported": [PUSH, POLL],
            "configuration_endpoint": self.url("streams"),
            "status_endpoint": self.url("status"),
            "add_subject_endpoint": self.url("subjects/add"),
            "remove_subject_endpoint": self.url("subjects/remove"),
            "verification_endpoint": self.url("verify"),
            "authorization_schemes": [{"spec_urn": "urn:ietf:rfc:6749"}],
            "default_subjects": "ALL",
        }

    def authorization_server(self) -> dict[str, Any]:
        """``oauth-authorization-server``."""
        return {
            "issuer": self.issuer,
            "token_endpoint": self.url("token"),
            "jwks_uri": self.url("jwks"),
            "scopes_supported": sorted(SCOPES),
            "response_types_supported": ["none"],
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        }

    def protected_resource(self) -> dict[str, Any]:
        """``oauth-protected-resource``."""
        return {
            "resource": self.issuer,
            "authorization_servers": [self.issuer],
            "scopes_supported": sorted(SCOPES),
            "bearer_methods_supported": ["header"],
        }


DOCUMENTS = {
    "ssf-configuration": Places.transmitter,
    "oauth-authorization-server": Places.authorization_server,
    "oauth-protected-resource": Places.protected_resource,
}


def places(issuer: str) -> Places:
    """Refused ``signals-issuer`` for an address by which nobody could know us."""
    parts = urlsplit(issuer)
    fit = parts.scheme == "https" or (parts.scheme == "http" and loopback(parts.hostname or ""))
    if not fit or parts.query or parts.fragment:
        raise Refused("signals-issuer", issuer=issuer)
    return Places(issuer.rstrip("/"))
