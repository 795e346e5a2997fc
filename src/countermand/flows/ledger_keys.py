"""The public halves of every key that has signed this ledger: the one in use, and those that it followed."""

from pathlib import Path

from countermand.core.errors import Refused
from countermand.flows.accounts import key_file
from countermand.lib import keys
from countermand.lib.keys import VerifyKey


def earlier(state_dir: Path) -> list[Path]:
    """Files of those that were replaced, the first first: ``ledger-1.key.pub``, ..."""
    found = (state_dir / "keys").glob("ledger-[0-9]*.key.pub")
    return sorted(found, key=lambda path: int(path.name.removeprefix("ledger-").removesuffix(".key.pub")))


def signers(state_dir: Path) -> list[VerifyKey]:
    """Every one, the one in use last. Refused key-…."""
    own = key_file(state_dir, "ledger")
    try:
        return [keys.load_public(file) for file in (*earlier(state_dir), own.with_name(own.name + ".pub"))]
    except keys.BadKeyFile as bad:
        raise Refused(bad.code, file=str(bad.path)) from bad
