"""In which form a company's files come: CSV, which a person can read, or Parquet when there are very many rows."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from countermand.cli.drill import company, parquet
from countermand.cli.drill.company import Employee, Phone
from countermand.cli.drill.house import OPERATOR, House
from countermand.core.instants import Instant
from countermand.flows.bring_devices import bring_devices
from countermand.flows.bring_parquet import bring_parquet
from countermand.flows.bring_people import bring_people

#: From so many people on the files are Parquet.
LARGE = 50_000
#: Whatever the form, it is the same MDM that speaks.
_SOURCE = "devices-csv"


@dataclass(frozen=True, slots=True)
class Form:
    """The files of a drill in ``folder``, and the house that they are brought into, for a company of about ``people``."""

    folder: Path
    house: House
    people: int

    @property
    def large(self) -> bool:
        return self.people >= LARGE

    def write_people(self, people: Iterator[Employee]) -> int:
        if self.large:
            return parquet.write_people(self.folder / "people.parquet", people)
        return company.write_people(self.folder / "people.csv", people)

    def write_devices(self, name: str, fleet: Iterator[Phone], seen_at: Instant, *, removed: bool) -> int:
        if self.large:
            return parquet.write_devices(self.folder / name, fleet, seen_at, removed=removed)
        return company.write_devices(self.folder / f"{name}.csv", fleet, seen_at, removed=removed)

    def bring_people(self, progress: Callable[[int], None]) -> None:
        if self.large:
            self._load(self.folder / "people.parquet", progress)
        else:
            bring_people(self.house.act(OPERATOR), self.folder / "people.csv", progress=progress)

    def bring_devices(self, name: str, progress: Callable[[int], None]) -> None:
        if self.large:
            self._load(self.folder / name, progress)
        else:
            bring_devices(self.house.act(OPERATOR), self.folder / f"{name}.csv", source=_SOURCE, progress=progress)

    def _load(self, path: Path, progress: Callable[[int], None]) -> None:
        bring_parquet(self.house.act(OPERATOR), [path], self.house.config.state_dir, source=_SOURCE, progress=progress)
