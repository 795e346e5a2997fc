"""One entry's proof as text (C2SP tlog-proof v1), with the entry itself as the format's extra line, so that it stands alone."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass

from countermand.ledger.errors import LedgerProblem

_HEADER = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, slots=True)
class Proof:
    """``entry`` (its bytes) stands at ``index`` of the tree whose checkpoint ``note`` is; ``path`` from its sibling upwards."""

    entry: bytes
    index: int
    path: tuple[bytes, ...]
    note: str

    @property
    def text(self) -> str:
        """What is written to a ``.tlog-proof`` file."""
        lines = [_HEADER, f"extra {_b64(self.entry)}", f"index {self.index}", *_lines(self.path)]
        return "\n".join(lines) + "\n\n" + self.note


def read(text: str) -> Proof:
    """The proof in a text, nothing verified. LedgerProblem ``ledger-proof-malformed``."""
    head, blank, note = text.partition("\n\n")
    lines = head.split("\n")
    try:
        header, extra, index, *path = lines
        if not blank or header != _HEADER or extra[:6] != "extra " or index[:6] != "index ":
            raise ValueError("not the lines of a proof that carries its entry")
        proof = Proof(_unb64(extra[6:]), int(index[6:]), tuple(_unb64(line) for line in path), note)
        if proof.text != text:  # base64 has spare bits; only one spelling is a proof
            raise ValueError("not spelled as proofs are")
    except (ValueError, binascii.Error) as error:
        raise LedgerProblem("ledger-proof-malformed", why=str(error)) from error
    return proof


def _lines(path: Sequence[bytes]) -> list[str]:
    return [_b64(one) for one in path]


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _unb64(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
