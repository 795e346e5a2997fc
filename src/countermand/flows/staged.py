"""What lies staged of a load, read back: the devices by their positions, and the rows of apps by group."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from countermand.sources.devices_parquet import Longs


class Table:
    """The staged devices, read a part at a time."""

    def __init__(self, path: Path) -> None:
        self._file = pa.ipc.open_file(path / "devices.arrow")
        self._parts: dict[int, Any] = {}
        self._ends = np.cumsum([0])

    def at(self, positions: Longs) -> Any:
        """The rows at these positions, which ascend; there is at least one."""
        first, last = self._part_of(positions[0]), self._part_of(positions[-1])
        for number in [number for number in self._parts if not first <= number <= last]:
            del self._parts[number]
        table = pa.Table.from_batches([self._part(number) for number in range(first, last + 1)])
        low, high = int(positions[0] - self._ends[first]), int(positions[-1] - self._ends[first]) + 1
        if high - low == len(positions):
            return table.slice(low, high - low)
        return table.take(pa.array(positions - self._ends[first]))

    def _part_of(self, position: int) -> int:
        while self._ends[-1] <= position:
            size = self._file.get_batch(len(self._ends) - 1).num_rows
            self._ends = np.append(self._ends, self._ends[-1] + size)
        return int(np.searchsorted(self._ends, position, side="right")) - 1

    def _part(self, number: int) -> Any:
        if number not in self._parts:
            self._parts[number] = self._file.get_batch(number)
        return self._parts[number]


def lists(table: Any) -> dict[str, list[Any]]:
    """Column → the values of its rows."""
    return {name: table.column(name).to_numpy().tolist() for name in table.column_names}


def app_rows(path: Path, group: int) -> Iterator[tuple[npt.NDArray[Any], ...]]:
    """(position, code, when, source) of the staged rows of apps of a group, as they were dealt out, a batch at a time."""
    file = path / f"apps/{group}.arrow"
    if not file.exists():
        return
    with pa.OSFile(str(file)) as opened, pa.ipc.open_stream(opened) as reader:
        for batch in reader:
            yield tuple(batch.column(column).to_numpy() for column in range(4))
