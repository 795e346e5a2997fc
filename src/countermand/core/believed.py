"""What a receiver believes of one subject, and what it must be told next. Nothing here waits, sends or remembers.

At most one statement about a subject waits: a later one takes its place. As soon as a statement may have reached the receiver,
what the receiver believes is in doubt until it answers; and while it is in doubt, silence is never right.
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Known:
    """``told``: the receiver last agreed that the subject is not compliant. ``waits``: the statement that waits, True for *not
    compliant*, None for none. ``sent``: it may have reached the receiver. ``doubt``: one before it may have, unanswered."""

    told: bool = False
    waits: bool | None = None
    sent: bool = False
    doubt: bool = False

    @property
    def nothing(self) -> bool:
        """Nothing is to be remembered of the subject."""
        return self == _NOTHING


_NOTHING = Known()


def following(known: Known, denied: bool) -> Known:
    """The statement that has to wait, if ``denied`` is how it is now. The same object if nothing changes."""
    if known.waits is not None:
        if known.waits is denied:
            return known
        if not (known.sent or known.doubt):
            return replace(known, waits=None)  # what it would have told was never heard, and is no longer so
        return Known(known.told, denied, doubt=True)
    return known if known.told is denied and not known.doubt else replace(known, waits=denied, sent=False)


def sending(known: Known) -> Known:
    """It leaves now: from here on it may have arrived."""
    return replace(known, sent=True)


def agreed(known: Known) -> Known:
    """The receiver took the statement that waits."""
    return known if known.waits is None else Known(told=known.waits)


def refused(known: Known) -> Known:
    """The receiver said that it does not take it, and is told again, in another token. It may have taken it at an earlier try
    whose answer was lost."""
    return replace(known, sent=False, doubt=True)


def silenced(known: Known) -> Known:
    """Nothing waits any more: the stream is disabled, or this is another epoch. What may have been heard stays in doubt."""
    return Known(known.told, doubt=known.doubt or known.sent)


def unsure(known: Known) -> Known:
    """Nothing waits, and whatever the receiver was told since is not known here."""
    return Known(known.told, doubt=True)
