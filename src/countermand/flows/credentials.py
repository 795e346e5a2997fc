"""The key under which other systems' secrets are kept: a file beside the database, never in it."""

from pathlib import Path

from countermand.core.errors import Refused
from countermand.lib import keys


def credentials_key(state_dir: Path) -> bytes:
    """Made when it is first asked for. Refused key-…."""
    try:
        return keys.load_or_create_secret(state_dir / "keys" / "credentials.secret")
    except keys.BadKeyFile as bad:
        raise Refused(bad.code, file=bad.path) from bad
