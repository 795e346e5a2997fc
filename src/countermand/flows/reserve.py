"""Room for the stop button: kept on the database's disk while there is some (store.room), spent by halt and rescind."""

from countermand.lib.log import say
from countermand.store import room


def reserve() -> None:
    """Whoever starts to run an installation makes sure of it. Without room for it everything goes on, and it is said."""
    if not room.keep():
        say("no-reserve", why="the disk has no room for what halt and rescind may need")
