"""How employees and operators sign in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from countermand.config.values import secret
from countermand.core.instants import HOUR, MINUTE


@dataclass(frozen=True, slots=True)
class SignIn:
    """The identity provider by which employees sign in (OpenID Connect); ``issuer`` '' for none. ``claim``: which of the ID
    token's claims is the login of the directory; ``ca_file``: the certificates to trust instead of the system's."""

    issuer: str = ""
    client_id: str = ""
    client_secret_file: Path | None = None
    claim: str = "preferred_username"
    ca_file: Path | None = None

    @property
    def client_secret(self) -> str:
        """The secret itself, read when it is needed and kept nowhere; '' without a file."""
        return "" if self.client_secret_file is None else secret("sign_in.client_secret_file", self.client_secret_file)


@dataclass(frozen=True, slots=True)
class Console:
    """``url``: the address under which operators know the console, '' for the control plane's own; passkeys are bound to its
    host. ``idle`` and ``longest``: when a sign-in ends, in milliseconds. ``issuer`` and the rest: the identity provider by which
    operators sign in, '' for none; ``claim``: which of the ID token's claims is the account's name, ``groups``: which one
    lists groups; ``roles``: what each group is worth here."""

    url: str = ""
    idle: int = 30 * MINUTE
    longest: int = 10 * HOUR
    issuer: str = ""
    client_id: str = ""
    client_secret_file: Path | None = None
    ca_file: Path | None = None
    claim: str = "preferred_username"
    groups: str = "groups"
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def client_secret(self) -> str:
        """The secret itself, read when it is needed and kept nowhere; '' without a file."""
        return "" if self.client_secret_file is None else secret("console.client_secret_file", self.client_secret_file)
