"""The error catalogue: every stable code with its sentence, remedy, exit code and HTTP status.

Sentences and remedies are ``str.format`` templates over the refusal's parameters. A code is never renamed
or reused. Exit codes: 2 bad input, 3 not allowed, 4 not possible now, 5 held for a person, 6 integrity.
"""

from typing import NamedTuple

INPUT, DENIED, CONFLICT, HELD, INTEGRITY = 2, 3, 4, 5, 6


class Code(NamedTuple):
    sentence: str
    remedy: str
    exit: int = INPUT
    http: int = 422


CODES: dict[str, Code] = {
    # -- who may (access) --
    "not-signed-in": Code("No operator is named.", "Set COUNTERMAND_TOKEN to your operator token.", DENIED, 401),
    "not-allowed": Code("{actor} may not {action}.", "Ask somebody with the role {roles}.", DENIED, 403),
    # -- a drill's clock --
    "clock-is-real": Code(
        "The clock can be moved only in a drill.", "Make a drill with: countermand drill", CONFLICT, 409
    ),
    "clock-runs-forward": Code("It is later than {to} already.", "Name a later time.", CONFLICT, 409),
    # -- finding things --
    "not-found": Code("There is no {what} {name!r}.", "Check the name; nearest: {nearest}.", INPUT, 404),
    # -- opening an installation (reads/installation) --
    "no-installation": Code("There is no Countermand database at {path}.", "Run `countermand init`, or name --config.", INPUT, 404),
    # -- the command line (cli) --
    "unreadable-file": Code("{path} cannot be read: {why}.", "Check the name and who may read it.", INPUT, 404),
    # -- gates: keys, snapshot, feed --
    "key-missing": Code("There is no key file {file}.", "`countermand init` makes it; a gate's is copied there.", INPUT, 500),
    "key-damaged": Code("{file} is not a key file.", "Restore it from a backup, or make a new key.", INTEGRITY, 500),
    "key-readable": Code("Others than its owner can read {file}.", "chmod 600 it.", INTEGRITY, 500),
    "key-exists": Code("There is a key file {file} already.", "Keep it; move it away to make a new one.", CONFLICT, 409),
    "snapshot-damaged": Code("The snapshot {file} is unusable: {why}.", "Delete it; the gate fetches a new one.", INTEGRITY, 500),
    "snapshot-forged": Code("{file} is not the control plane's: {why}.", "Find out where it came from.", INTEGRITY, 500),
    "snapshot-foreign": Code("{file} was made with another hash key.", "Give the gate its control plane's.", INTEGRITY, 500),
    "feed-damaged": Code("The feed cannot be read: {why}.", "Reconnect; a new snapshot cures it.", INTEGRITY, 502),
    "feed-forged": Code("The feed is not the control plane's: {why}.", "Check the pinned root key.", INTEGRITY, 502),
    "feed-key-expired": Code("The feed's key holds from {since} until {until}.", "Renew its certificate.", INTEGRITY, 502),
    "feed-older": Code(
        "The feed offers epoch {epoch}, number {n}; the gate has heard epoch {held_epoch}, number {held_n}.",
        "Nothing older is taken. After a restored backup, open a new epoch with `countermand restore`.",
        INTEGRITY,
        409,
    ),
    "feed-gap": Code("Record {n} does not follow record {held}.", "A new snapshot cures it.", INTEGRITY, 502),
    "feed-behind-gate": Code(
        "Gate {gate} has heard epoch {epoch}, number {n}; this database is at epoch {our_epoch}, number {our_n}.",
        "This is an older copy: find the newer one, or open a new epoch with `countermand restore`.",
        INTEGRITY,
        409,
    ),
}
