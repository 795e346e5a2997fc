"""Devices and apps from Parquet: what a row may say, checked a column at a time.

Pure: batches in, problems out. Only rows that are wrong are looked at one by one.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from countermand.core.devices import IdentityKind
from countermand.core.fleet_tables import DEVICES, Kind
from countermand.core.instants import Instant
from countermand.core.mentions import AHEAD
from countermand.core.table import FIELD, Problems
from countermand.lib.parquet import NO_TIME

Batch = Mapping[str, Any]
Mask = npt.NDArray[np.bool_]
Longs = npt.NDArray[np.int64]

KINDS = tuple(IdentityKind)
#: What a cell may not begin with (a formula where exports are opened) or hold (control characters).
_FORMULA = r"^[=+\-@]"
_CONTROL = r"[\x00-\x1f\x7f]"


def plain(array: Any) -> npt.NDArray[Any]:
    """An Arrow array of numbers or booleans without nulls, for arithmetic."""
    return np.asarray(array.to_numpy(zero_copy_only=False))


def rows(mask: Any) -> Iterator[int]:
    """Where a mask is true; null is not."""
    found: Longs = np.flatnonzero(mask if isinstance(mask, np.ndarray) else plain(pc.fill_null(mask, fill_value=False)))
    return iter(found.tolist())


def check_devices(batch: Batch, first: int, now: Instant, problems: Problems) -> None:
    """Add what is wrong with each row of a batch of devices; ``first`` is the number of its first row."""
    for column in DEVICES.columns:
        if column.kind is Kind.TEXT:
            check_texts(batch[column.name], column.name, lambda offset: first + offset, problems)
        if column.filled and not column.choices:
            for offset in rows(pc.equal(batch[column.name], "")):
                problems.value(first + offset, column.name, "", "filled", "a name for the row, unlike every other")
        if column.choices:
            known = pc.is_in(batch[column.name], value_set=pa.array([str(one) for one in column.choices]))
            for offset in rows(pc.invert(known)):
                allowed = ", ".join(column.choices)
                value = batch[column.name][offset].as_py()
                problems.value(first + offset, column.name, value, f"one of the values of {column.name}", f"one of {allowed}")
    nameless = np.logical_and.reduce([plain(pc.equal(batch[kind.value], "")) for kind in KINDS])
    for offset in rows(nameless):
        problems.value(first + offset, "serial", "", "a name of a device", "at least one of " + ", ".join(KINDS))
    check_times(plain(batch["observed_at"]), lambda offset: first + offset, now, problems)


def check_texts(texts: Any, column: str, row: Callable[[int], int], problems: Problems) -> Mask:
    """Which of these texts cannot be taken, each told as a problem of the row that ``row`` says."""
    bad: Mask = np.zeros(len(texts), dtype=np.bool_)
    for offset in rows(pc.match_substring_regex(texts, _FORMULA)):
        problems.add("csv-formula", row(offset), column, value=texts[offset].as_py())
        bad[offset] = True
    for offset in rows(pc.match_substring_regex(texts, _CONTROL)):
        problems.add("csv-control", row(offset), column)
        bad[offset] = True
    lengths = pc.utf8_length(texts)
    for offset in rows(pc.greater(lengths, FIELD)):
        problems.add("csv-field-long", row(offset), column, length=lengths[offset].as_py(), limit=FIELD)
        bad[offset] = True
    return bad


def check_times(times: Longs, row: Callable[[int], int], now: Instant, problems: Problems) -> None:
    """Times before 1970 and times that are ahead of the clock are wrong; NO_TIME is none."""
    for offset in rows((times < 0) & (times != NO_TIME)):
        problems.value(row(offset), "observed_at", str(times[offset]), "a time after 1970", "when the apps were seen")
    for offset in rows(times > now + AHEAD):
        problems.add("time-ahead", row(offset), "observed_at", time=np.datetime_as_string(times[offset].astype("M8[ms]")) + "Z")


def reads_mail(batch: Batch) -> Any:
    """Whether each device reads mail: as said, else by an ActiveSync name."""
    return pc.coalesce(batch["reads_mail"], pc.not_equal(batch[IdentityKind.EAS.value], ""))
