"""Parquet files as record batches of known form: whatever text, flag and time types a file uses, readers see one of each.

Texts become strings with '' for null, times int64 milliseconds with -1
for null, flags booleans that may be null. Row numbers count from 1.
"""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from countermand.core import forms
from countermand.core.errors import Refused, Where
from countermand.core.fleet_tables import TABLES, Column, Kind, Table

#: Rows read at once.
BATCH = 1 << 20
NO_TIME = -1


def find(paths: Sequence[Path]) -> dict[str, list[Path]]:
    """Table's name → its files, in order of their names, among these files and directories. Refused ``unreadable-file``,
    ``parquet-nothing``."""
    found: dict[str, list[Path]] = {}
    for path in paths:
        if not path.exists():
            raise Refused("unreadable-file", path=str(path), why="there is no such file")
        files = sorted([*path.glob("*.parquet"), *path.glob("*/*.parquet")]) if path.is_dir() else [path]
        for file in files:
            name = next((name for name in TABLES if file.stem.startswith(name)), file.parent.name)
            if name in TABLES:
                found.setdefault(name, []).append(file)
    if not found:
        raise Refused("parquet-nothing", path=", ".join(map(str, paths)), known=", ".join(f"{name}.parquet" for name in TABLES))
    return found


def rows_in(paths: Sequence[Path]) -> int:
    """How many rows of a fleet's tables these files hold, by their footers."""
    return sum(Reader(file, TABLES[table]).rows for table, files in find(paths).items() for file in files)


class Reader:
    """One file of a table. Refused ``parquet-unreadable``, ``parquet-column-missing``, ``parquet-column-type``."""

    def __init__(self, path: Path, table: Table) -> None:
        self.path, self.table = path, table
        try:
            self._file = pq.ParquetFile(path, pre_buffer=False)  # else all of it is read into memory
        except (OSError, pa.ArrowException) as wrong:
            raise self._unreadable(wrong) from wrong
        self.rows = int(self._file.metadata.num_rows)
        self._check(self._file.schema_arrow)

    def _unreadable(self, wrong: Exception) -> Refused:
        return Refused("parquet-unreadable", path=str(self.path), why=str(wrong).splitlines()[0][:200])

    def _check(self, schema: pa.Schema) -> None:
        where = str(self.path.name)
        for column in self.table.columns:
            if column.name in schema.names:
                found = schema.field(column.name).type
                if not _fits(column, found):
                    raise Refused(
                        "parquet-column-type", Where(where, field=column.name), found=str(found), kind=column.kind.value
                    )
            elif column.required:
                nearest = forms.nearest(column.name, schema.names) or "no column is like it"
                raise Refused("parquet-column-missing", Where(where, field=column.name), table=self.table.name, nearest=nearest)

    def batches(self, *, encoded: Collection[str] = (), size: int = BATCH) -> Iterator[tuple[int, dict[str, Any]]]:
        """(number of the first row, column's name → array) of each batch. Texts of ``encoded`` columns come as dictionaries."""
        columns = [column for column in self.table.columns if column.name in self._file.schema_arrow.names]
        row = 1
        try:
            # Read as a dictionary only where it is wanted: of names, each of which stands once, it would be the whole column.
            wanted = [column.name for column in columns if column.name in encoded]
            file = pq.ParquetFile(self.path, read_dictionary=wanted, pre_buffer=False) if wanted else self._file
            for batch in file.iter_batches(batch_size=size, columns=[column.name for column in columns]):
                batch.validate(full=True)  # a file may hold bytes that are no text
                made = {column.name: _formed(column, batch.column(column.name), column.name in encoded) for column in columns}
                for column in self.table.columns:
                    made.setdefault(column.name, _absent(column, len(batch), column.name in encoded))
                yield row, made
                row += len(batch)
        except (OSError, pa.ArrowException) as wrong:
            raise self._unreadable(wrong) from wrong


def _fits(column: Column, found: pa.DataType) -> bool:
    if pa.types.is_dictionary(found):
        found = found.value_type
    texts = pa.types.is_string(found) or pa.types.is_large_string(found) or pa.types.is_null(found)
    if column.kind is Kind.TEXT:
        return bool(texts)
    if column.kind is Kind.FLAG:
        return bool(pa.types.is_boolean(found) or pa.types.is_null(found))
    if column.kind is Kind.TIME:
        return bool(pa.types.is_timestamp(found) or pa.types.is_null(found))
    listed = pa.types.is_list(found) or pa.types.is_large_list(found)
    return bool(pa.types.is_null(found) or (listed and _fits(Column("", ""), found.value_type)))


def _formed(column: Column, array: Any, encoded: bool) -> Any:
    if column.kind is Kind.TIME:
        if pa.types.is_null(array.type):
            return _absent(column, len(array), encoded)
        stamps = pc.cast(array, pa.timestamp("ms", array.type.tz), safe=False)
        return pc.fill_null(stamps.view(pa.int64()), NO_TIME)
    if column.kind is Kind.FLAG:
        return pc.cast(array, pa.bool_())
    if column.kind is Kind.TEXTS:
        return pc.cast(array, pa.list_(pa.string()))
    if encoded:
        return array if pa.types.is_dictionary(array.type) else pc.cast(array, pa.string()).dictionary_encode()
    return pc.fill_null(pc.cast(array, pa.string()), "")


def _absent(column: Column, rows: int, encoded: bool) -> Any:
    if column.kind is Kind.TIME:
        return pa.array(np.full(rows, NO_TIME))
    types = {Kind.FLAG: pa.bool_(), Kind.TEXTS: pa.list_(pa.string()), Kind.TEXT: pa.string()}
    if column.kind is Kind.TEXT and encoded:
        return pa.DictionaryArray.from_arrays(pa.nulls(rows, pa.int32()), pa.array([], pa.string()))
    empty = pa.nulls(rows, types[column.kind])
    return pc.fill_null(empty, "") if column.kind is Kind.TEXT else empty
