"""A hand-over as a table: one row per entry, with whether it comes or goes. For whatever can read a table."""

from collections.abc import Collection

from countermand.core.handover import Item, Thing
from countermand.core.instants import iso
from countermand.levers.head import Head
from countermand.lib.sheets import sheet

COLUMNS = ("directive", "receipt", "change", "thing", "login", "platform", "kind", "value", "not_before")


def render(head: Head, added: Collection[Item], removed: Collection[Item]) -> str:
    """What goes first, then what comes; both sorted, so that the same change gives the same text."""
    due = "" if head.due is None else iso(head.due)
    changes = [("remove", item, "") for item in sorted(removed)]
    changes += [("add", item, due if item.thing is Thing.APP else "") for item in sorted(added)]
    return sheet(
        COLUMNS,
        (
            (head.directive, head.receipt, change, item.thing, item.login, item.platform, item.kind, item.value, not_before)
            for change, item, not_before in changes
        ),
    )
