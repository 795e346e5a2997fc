"""Blocked device ids of Exchange mailboxes as entries: one id on one mailbox's list, by the keys that two levers share.

The list is the administrators' as well, and an id on it says nothing of who put it there: one that is there already is theirs,
unless a receipt says otherwise.
"""

from countermand.core.lever import NOTHING

#: What stands under a key if the id is on the mailbox's list.
BLOCKED = "blocked"
#: Neither stands in a device id; a mailbox may be named by anything.
_BETWEEN = "|"
_LONGEST = 250

UNDONE = "entry by entry"
MISSES = (
    "Clients that do not speak ActiveSync: Outlook for iOS and Android have ids of their own, web mail and IMAP have none.",
    "Connections that are open: a phone notices at its next synchronisation.",
)


def key(login: str, name: str) -> str | None:
    """None for what would name anybody, or more than one."""
    made = f"{name}{_BETWEEN}{login}"
    if not login or not name or _BETWEEN in name or not made.isprintable() or len(made) > _LONGEST:
        return None
    return made


def mailbox_and_device(key_: str) -> tuple[str, str]:
    name, _, login = key_.partition(_BETWEEN)
    if not login or not name:
        raise ValueError("an entry without a mailbox or a device id would name anybody")
    return login, name


def value(_: str, lineages: frozenset[str]) -> str:
    return BLOCKED if lineages else NOTHING
