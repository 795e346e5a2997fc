"""Parquet files as record batches of known form: whatever text, flag and time types a file uses, readers see one of each.

Texts become strings with '' for null, times int64 milliseconds with -1 for null, flags booleans that may be null. Row numbers
count from 1. A time may be a timestamp in seconds, milli-, micro- or nanoseconds, or a date, which is the beginning of that day
in UTC: whoever looked then looked no earlier. Somebody else's columns are read as ours by a mapping (core.mapping).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from countermand.core import forms, mapping
from countermand.core.errors import Refused, Where
from countermand.core.fleet_tables import TABLES, Column, Kind, Table
from countermand.core.instants import from_iso
from countermand.core.table import ColumnMapping

#: Rows read at once.
BATCH = 1 << 19
#: A row group with fewer rows than this is read together with others.
_SMALL = 1 << 16
NO_TIME = -1
#: Else a file, or a row group of it, is read into memory whole.
_SPARING: Any = {"pre_buffer": False, "buffer_size": 1 << 20}


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
    return sum(int(_opened(file).metadata.num_rows) for files in find(paths).values() for file in files)


def _opened(path: Path) -> Any:
    """Refused ``parquet-unreadable``."""
    try:
        return pq.ParquetFile(path, **_SPARING)
    except (OSError, pa.ArrowException) as wrong:
        raise _unreadable(path, wrong) from wrong


def _unreadable(path: Path, wrong: Exception) -> Refused:
    return Refused("parquet-unreadable", path=str(path), why=str(wrong).splitlines()[0][:200])


@dataclass(frozen=True, slots=True)
class Delivery:
    """The files of a fleet, by the names of their tables, and how those of somebody else are read as ours."""

    files: Mapping[str, Sequence[Path]]
    mappings: Mapping[str, ColumnMapping] = field(default_factory=dict)

    def readers(self, table: Table) -> Iterator["Reader"]:
        return (Reader(path, table, self.mappings.get(table.name)) for path in self.files.get(table.name, ()))


def delivered(paths: Sequence[Path], read_as: str = "") -> Delivery:
    """These files and directories; ``read_as``: the text of a mapping. Refused as ``find`` and ``core.mapping.parse_tables``."""
    known = {name: [column.name for column in table.columns] for name, table in TABLES.items()}
    return Delivery(find(paths), mapping.parse_tables(read_as, known) if read_as else {})


class Reader:
    """One file of a table. Refused ``parquet-unreadable``, ``parquet-column-missing``, ``parquet-column-type``,
    ``mapping-missing``, ``mapping-damaged``."""

    def __init__(self, path: Path, table: Table, mapped: ColumnMapping | None = None) -> None:
        self.path, self.table = path, table
        self._mapped = mapped or ColumnMapping([column.name for column in table.columns])
        self._file = _opened(path)
        self.rows = int(self._file.metadata.num_rows)
        self._theirs = self._mapped.read(self._file.schema_arrow.names)
        self._fixed = {column: _fixed(table.by_name[column], text) for column, text in self._mapped.fixed.items()}
        self._check(self._file.schema_arrow)

    @property
    def names(self) -> Mapping[str, str]:
        """Our column → what the file calls it, where that is something else."""
        return self._mapped.names

    def _check(self, schema: pa.Schema) -> None:
        where = str(self.path.name)
        for column in self.table.columns:
            theirs = self._theirs.get(column.name)
            if theirs is not None:
                found = schema.field(theirs).type
                if not _fits(column, found):
                    raise Refused("parquet-column-type", Where(where, field=theirs), found=str(found), kind=column.kind.value)
            elif column.required and column.name not in self._fixed:
                nearest = forms.nearest(column.name, schema.names) or "no column is like it"
                raise Refused("parquet-column-missing", Where(where, field=column.name), table=self.table.name, nearest=nearest)

    def batches(self, *, encoded: Collection[str] = (), size: int = BATCH) -> Iterator[tuple[int, dict[str, Any]]]:
        """(number of the first row, column's name → array) of each batch. Texts of ``encoded`` columns come as dictionaries."""
        columns = [(column, self._theirs[column.name]) for column in self.table.columns if column.name in self._theirs]
        row = 1
        try:
            # Read as a dictionary only where it is wanted: of names, each of which stands once, it would be the whole column.
            wanted = [theirs for column, theirs in columns if column.name in encoded]
            file = pq.ParquetFile(self.path, read_dictionary=wanted, **_SPARING) if wanted else self._file
            for batch in _batches(file, [theirs for _, theirs in columns], size):
                batch.validate(full=True)  # a file may hold bytes that are no text
                made = {
                    column.name: self._read(column, batch.column(theirs), column.name in encoded) for column, theirs in columns
                }
                for column in self.table.columns:
                    if column.name not in made:
                        made[column.name] = self._same(column, len(batch), column.name in encoded)
                yield row, made
                row += len(batch)
        except (OSError, pa.ArrowException) as wrong:
            raise _unreadable(self.path, wrong) from wrong

    def _read(self, column: Column, array: Any, encoded: bool) -> Any:
        formed = _formed(column, array, encoded)
        values = self._mapped.values.get(column.name)
        if not values:
            return formed
        if encoded:
            return pa.DictionaryArray.from_arrays(formed.indices, _translated(pc.cast(formed.dictionary, pa.string()), values))
        if column.kind is Kind.TEXTS:
            lists = formed.to_pylist()
            return pa.array([one if one is None else [values.get(text, text) for text in one] for one in lists], formed.type)
        return _translated(formed, values) if column.kind is Kind.TEXT else formed

    def _same(self, column: Column, rows: int, encoded: bool) -> Any:
        """A column that the file has not: what is fixed, or nothing, in every row."""
        fixed = self._fixed.get(column.name)
        if fixed is None:
            return _absent(column, rows, encoded)
        whole = pa.repeat(fixed, rows)
        return whole.dictionary_encode() if encoded else whole


def _batches(file: Any, columns: Sequence[str], size: int) -> Iterator[Any]:
    """Row group by row group: a batch over two of them has a dictionary of its own, which is made word by word."""
    groups = file.metadata.num_row_groups
    parts: Any = [[group] for group in range(groups)] if file.metadata.num_rows >= groups * _SMALL else [range(groups)]
    for part in parts:
        # Without threads of Arrow's own: whoever wants it read beside other work reads it beside other work (lib.ahead).
        yield from file.iter_batches(batch_size=size, row_groups=list(part), columns=columns, use_threads=False)


def _fits(column: Column, found: pa.DataType) -> bool:
    if pa.types.is_dictionary(found):
        found = found.value_type
    texts = pa.types.is_string(found) or pa.types.is_large_string(found) or pa.types.is_null(found)
    if column.kind is Kind.TEXT:
        return bool(texts)
    if column.kind is Kind.FLAG:
        return bool(pa.types.is_boolean(found) or pa.types.is_null(found))
    if column.kind is Kind.TIME:
        return bool(pa.types.is_timestamp(found) or pa.types.is_date(found) or pa.types.is_null(found))
    listed = pa.types.is_list(found) or pa.types.is_large_list(found)
    return bool(pa.types.is_null(found) or (listed and _fits(Column("", ""), found.value_type)))


def _formed(column: Column, array: Any, encoded: bool) -> Any:
    if column.kind is Kind.TIME:
        if pa.types.is_null(array.type):
            return _absent(column, len(array), encoded)
        # What is finer than a millisecond is cut off; what is coarser must not run over into a time that nobody meant.
        fine = pa.types.is_timestamp(array.type) and array.type.unit in ("us", "ns")
        stamps = pc.cast(array, pa.timestamp("ms", getattr(array.type, "tz", None)), safe=not fine)
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


def _translated(texts: Any, values: Mapping[str, str]) -> Any:
    """Texts with what stands there in our words."""
    at = pc.index_in(texts, value_set=pa.array(list(values), pa.string()))
    return pc.coalesce(pa.array(list(values.values()), pa.string()).take(at), texts)


def _fixed(column: Column, text: str) -> Any:
    """What every row has, as the column's kind has it. Refused ``mapping-damaged``; None for nothing."""
    try:
        if column.kind is Kind.TIME:
            return pa.scalar(from_iso(text), pa.int64()) if text else None
        if column.kind is Kind.FLAG:
            return pa.scalar({"true": True, "false": False, "": None}[text], pa.bool_())
    except (ValueError, KeyError) as wrong:
        why = f"{text[:40]!r} is not a {column.kind}"
        raise Refused("mapping-damaged", Where(file="mapping", field=f"fixed.{column.name}"), why=why) from wrong
    if column.kind is Kind.TEXTS:
        return pa.scalar([part.strip() for part in text.split(";") if part.strip()], pa.list_(pa.string()))
    return pa.scalar(text, pa.string())
