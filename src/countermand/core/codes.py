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
    # -- finding things --
    "not-found": Code("There is no {what} {name!r}.", "Check the name; nearest: {nearest}.", INPUT, 404),
    # -- opening an installation (reads/installation) --
    "no-installation": Code("There is no Countermand database at {path}.", "Run `countermand init`, or name --config.", INPUT, 404),
}
