"""The rows of an import that cannot be taken, written to a file as they are found: one line per problem, none left out."""

import csv
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from countermand.core.errors import Refused
from countermand.lib.sheets import neutral

COLUMNS = ("file", "row", "column", "code", "sentence", "remedy")
_SCHEMA = pa.schema([(name, pa.int64() if name == "row" else pa.string()) for name in COLUMNS])
_AT_ONCE = 10_000

Row = tuple[Any, ...]


class Rejects:
    """Writes ``path``: Parquet if it is named so, else CSV. The file exists only if there was a problem, and stands under its
    name only when it is whole. Refused ``unwritable-file``."""

    def __init__(self, path: Path) -> None:
        self.path, self.count = path, 0
        self._draft = path.with_name(path.name + ".part")
        self._rows: list[Row] = []
        self._write: Callable[[list[Row]], None] | None = None
        self._close: Callable[[], None] = lambda: None

    def add(self, problem: Refused) -> None:
        where = problem.where
        place = (where.file, where.line, where.field) if where else (None, None, None)
        self.count += 1
        self._rows.append((*place, problem.code, problem.sentence, problem.remedy))
        if len(self._rows) >= _AT_ONCE:
            self._flush()

    def __enter__(self) -> "Rejects":
        self.path.unlink(missing_ok=True)  # what was wrong with another file says nothing of this one
        return self

    def __exit__(self, kind: type[BaseException] | None, wrong: BaseException | None, trace: TracebackType | None) -> None:
        if self.count:
            self._flush()
            self._close()
            self._draft.replace(self.path)

    def _flush(self) -> None:
        try:
            if self._write is None:
                self._write = self._open_parquet() if self.path.suffix == ".parquet" else self._open_csv()
            self._write(self._rows)
        except OSError as wrong:
            raise Refused("unwritable-file", path=str(self.path), why=wrong.strerror or str(wrong)) from wrong
        self._rows = []

    def _open_parquet(self) -> Callable[[list[Row]], None]:
        writer = pq.ParquetWriter(self._draft, _SCHEMA)
        self._close = writer.close
        return lambda rows: writer.write_table(pa.table([list(cells) for cells in zip(*rows, strict=True)], schema=_SCHEMA))

    def _open_csv(self) -> Callable[[list[Row]], None]:
        file = self._draft.open("w", encoding="utf-8", newline="")
        writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        writer.writerow(COLUMNS)
        self._close = file.close
        return lambda rows: writer.writerows([neutral(cell) for cell in row] for row in rows)
