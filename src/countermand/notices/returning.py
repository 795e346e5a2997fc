"""Return paths: a message that cannot be delivered comes back to an address of its own (VERP), which says whose it was.

The part of the address that is the message's own names its row and holds a keyed digest of which message that is: so a report
needs neither our headers nor our words in it, and nobody who did not get the message can write one.
"""

import base64
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

TAG = "{tag}"
#: Bytes of a row's number and of the digest; together they are whole letters of base32.
_ROW, _DIGEST = 5, 10
_LETTERS = "[a-z2-7]{24}"

#: What a notice is: version, person, kind, occurrence.
Name = tuple[int, int, str, str]


@dataclass(frozen=True)
class Returning:
    """``form``: the address with ``{tag}`` in it, '' if everything comes back to the sender."""

    key: bytes = b""
    form: str = ""

    def path(self, row: int, name: Name) -> str:
        """Where this message comes back to; '' for the sender's address."""
        if not self.form:
            return ""
        return self.form.replace(TAG, base64.b32encode(row.to_bytes(_ROW, "big") + self._digest(row, name)).decode().lower())

    def tag_in(self, addresses: Iterable[str]) -> str:
        """The first tag that stands in any of these texts; '' if none does."""
        if not self.form:
            return ""
        return next((found[1].lower() for text in addresses if (found := self._tagged.search(text))), "")

    def is_of(self, tag: str, row: int, name: Name) -> bool:
        """Whether we made this tag for this message."""
        return hmac.compare_digest(_opened(tag)[_ROW:], self._digest(row, name))

    def _digest(self, row: int, name: Name) -> bytes:
        version, person, kind, occurrence = name
        text = f"return\0{row}\0{version}\0{person}\0{kind}\0{occurrence}"
        return hmac.digest(self.key, text.encode(), "sha256")[:_DIGEST]

    @cached_property
    def _tagged(self) -> re.Pattern[str]:
        before, _, after = self.form.partition(TAG)
        return re.compile(f"{re.escape(before)}({_LETTERS}){re.escape(after)}", re.IGNORECASE)


#: Everything comes back to the sender.
NOWHERE = Returning()


def row_of(tag: str) -> int:
    """The row that a tag names."""
    return int.from_bytes(_opened(tag)[:_ROW], "big")


def _opened(tag: str) -> bytes:
    return base64.b32decode(tag.upper())
