"""What stands in the navigation, and for whom."""

from dataclasses import dataclass

from countermand.lib.words import word


@dataclass(frozen=True, slots=True)
class Entry:
    """``action``: of access.TABLE; who may not is not shown the way."""

    path: str
    label: str
    action: str


MENU: tuple[Entry, ...] = (
    Entry("/console/", word("Directives"), "oversee"),
    Entry("/console/write/", word("Write"), "write"),
    Entry("/console/agree/", word("Agree"), "read"),
    Entry("/console/fleet/", word("Fleet"), "read"),
    Entry("/console/ledger/", word("Ledger"), "oversee-ledger"),
    Entry("/console/settings/", word("Settings"), "read"),
    Entry("/console/keys/", word("My passkeys"), "own-keys"),
)


def room_of(path: str) -> str:
    """The entry under which a page is: the longest that it begins with."""
    return max((one.path for one in MENU if path.startswith(one.path)), key=len, default="")
