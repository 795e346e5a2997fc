"""CSV that people open in a spreadsheet: every cell quoted, and none that the spreadsheet would run as a formula."""

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence

_FORMULA = frozenset("=+-@")


def neutral(cell: object) -> str:
    """A cell's text; what a spreadsheet could take for a formula gets a leading apostrophe. Numbers stay as they are.

    Spreadsheets trim, and take full-width signs for the plain ones, so the first mark that is left after that decides.
    """
    if isinstance(cell, (int, float)) or cell is None:
        return "" if cell is None else str(cell)
    text = str(cell)
    seen = text.lstrip("".join(mark for mark in set(text) if mark.isspace() or unicodedata.category(mark)[0] == "C"))
    starts = unicodedata.normalize("NFKC", seen[:1])[:1]
    return f"'{text}" if starts in _FORMULA or text[:1] in ("\t", "\r", "\n") else text


def sheet(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table as CSV (RFC 4180: commas, CRLF, every cell in quotation marks)."""
    made = io.StringIO()
    writer = csv.writer(made, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([neutral(column) for column in columns])
    writer.writerows([neutral(cell) for cell in row] for row in rows)
    return made.getvalue()
