"""A large company made up from a seed, as Parquet: the fleet that ``bench/fleet.py`` measures with.

Apps follow a Zipf-Mandelbrot law (rank + 20) over 100,000 ids per platform; a phone has 31 to 151 of them, 91 on average.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from countermand.core.instants import DAY, HOUR, Instant, from_iso

NOW: Instant = from_iso("2020-07-10T12:00:00Z")
APPS = 100_000  # per platform
SHIFT = 20
TARGET = "com.zhiliaoapp.musically"  # TikTok, on both platforms
TARGET_RANK = 24  # on about a quarter of the phones
SOURCES = ("mdm-americas", "mdm-europe", "mdm-asia", "mdm-stores", "mdm-board")
SHARES = (0.4, 0.3, 0.2, 0.09, 0.01)
ZONES = (
    "America/Los_Angeles", "America/New_York", "America/Chicago", "America/Sao_Paulo", "Europe/London", "Europe/Berlin",
    "Europe/Paris", "Europe/Warsaw", "Asia/Kolkata", "Asia/Tokyo", "Asia/Singapore", "Australia/Sydney",
)  # fmt: skip
_WORDS = "US DE FR GB IN JP BR CA AU IT ES PL NL SE CH AT BE DK NO FI IE PT CZ HU RO BG GR HR SK SI LT LV EE TR IL AE SA EG ZA NG"
COUNTRIES = (*_WORDS.split(), *"KE MA MX AR CL CO PE UY CR PA KR TW HK SG MY TH VN PH ID NZ".split())  # noqa: SIM905
GROUPS = 200
_CHUNK = 55_000

Generator = np.random.Generator


@dataclass(frozen=True)
class Size:
    """How large: everything follows from the number of devices."""

    devices: int

    @property
    def people(self) -> int:
        return self.devices * 10 // 11


def made(folder: Path, size: Size, seed: int = 1) -> Path:
    """The directory of this company, made now unless it is there."""
    place = folder / f"company-{size.devices}-{seed}"
    if not (place / "done").exists():
        place.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(seed)
        _people(place, size, rng)
        _fleet(place, size, rng)
        (place / "done").touch()
    return place


def _people(place: Path, size: Size, rng: Generator) -> None:
    count = size.people
    logins = [f"p{number:07}" for number in range(count)]
    large = rng.integers(0, 20, count)
    small = rng.integers(20, GROUPS, count)
    groups = [["all-staff", f"group-{a:03}", f"group-{b:03}"] for a, b in zip(large.tolist(), small.tolist(), strict=True)]
    country = _skewed(rng, len(COUNTRIES), count)
    table = {
        "login": logins,
        "email": [f"{login}@example.org" for login in logins],
        "name": [f"Person {number}" for number in range(count)],
        "zone": pa.array(ZONES).take(pa.array(country % len(ZONES))),
        "locale": ["en"] * count,
        "country": pa.array(COUNTRIES).take(pa.array(country)),
        "groups": groups,
    }
    pq.write_table(pa.table(table), place / "people.parquet")


def _skewed(rng: Generator, kinds: int, count: int) -> npt.NDArray[np.int64]:
    """Many of the first kinds, few of the last."""
    return np.minimum((kinds * rng.random(count) ** 2).astype(np.int64), kinds - 1)


def _fleet(place: Path, size: Size, rng: Generator) -> None:
    ids = {platform: _ids(platform) for platform in ("ios", "android")}
    schema = _app_schema()
    with pq.ParquetWriter(place / "apps.parquet", schema) as apps:
        tables = []
        for first in range(0, size.devices, _CHUNK):
            count = min(_CHUNK, size.devices - first)
            devices = _devices(first, count, size, rng)
            tables.append(devices)
            apps.write_table(_apps(devices, ids, rng, schema), row_group_size=1 << 20)
    pq.write_table(pa.concat_tables(tables), place / "devices.parquet")


def _ids(platform: str) -> Any:
    names = [f"com.{platform}.maker{rank % 7919}.app{rank}" for rank in range(APPS)]
    names[TARGET_RANK] = TARGET
    return pa.array(names)


def _devices(first: int, count: int, size: Size, rng: Generator) -> Any:
    """Every person has a phone; every tenth device is somebody's second one. One in 250 phones is nobody's."""
    number = np.arange(first, first + count)
    owner = np.where(number < size.people, number, rng.integers(0, size.people, count))
    login = [None if one % 250 == 249 else f"p{who:07}" for one, who in zip(number.tolist(), owner.tolist(), strict=True)]
    ownership = rng.choice(["corporate", "personal", "contractor"], count, p=[0.85, 0.12, 0.03])
    corporate = ownership == "corporate"
    managed = np.where(corporate, rng.choice(["supervised", "device"], count), rng.choice(["device", "user"], count))
    names = [f"{a:016X}" for a in rng.integers(0, 1 << 62, count).tolist()]
    seen = NOW - HOUR - (rng.random(count) ** 3 * 30 * DAY).astype(np.int64)
    never = rng.random(count) < 0.03
    return pa.table(
        {
            "device": names,
            "serial": names,
            "eas": [f"{b:024X}" if b % 33 else None for b in rng.integers(0, 1 << 62, count).tolist()],
            "login": pa.array(login, pa.string()),
            "platform": rng.choice(["ios", "android"], count),
            "model": rng.choice(["Model A", "Model B", "Model C", "Model D"], count),
            "ownership": ownership,
            "enrollment": managed,
            "source": rng.choice(SOURCES, count, p=SHARES),
            "observed_at": pa.array(seen, pa.timestamp("ms", "UTC"), mask=never),
        }
    )


def _app_schema() -> Any:
    text = pa.dictionary(pa.int32(), pa.string())
    return pa.schema([("device", text), ("app_id", text), ("source", text), ("observed_at", pa.timestamp("ms", "UTC"))])


def _apps(devices: Any, ids: dict[str, Any], rng: Generator, schema: Any) -> Any:
    """The apps of the devices that were looked at, each once, device by device."""
    looked = np.flatnonzero(devices["observed_at"].is_valid().to_numpy())
    counts = rng.integers(31, 152, len(looked))
    device = np.repeat(looked, counts)
    span = np.log(1 + APPS / SHIFT)
    rank = np.minimum(SHIFT * (np.exp(rng.random(len(device)) * span) - 1), APPS - 1).astype(np.int64)
    pairs = np.sort(device << 20 | rank)
    pairs = pairs[np.append(True, pairs[1:] != pairs[:-1])]
    device, rank = pairs >> 20, pairs & 0xFFFFF
    ios = (np.asarray(devices["platform"].to_pylist()) == "ios")[device]
    code = pa.array(np.where(ios, rank, rank + APPS).astype(np.int32))
    every = pa.concat_arrays([ids["ios"], ids["android"]])
    columns = [pa.array(device.astype(np.int32))] * 2
    name = pa.DictionaryArray.from_arrays(columns[0], devices["device"].combine_chunks())
    sources = np.array([SOURCES.index(one) for one in devices["source"].to_pylist()], np.int32)
    source = pa.DictionaryArray.from_arrays(pa.array(sources[device]), pa.array(SOURCES))
    at = devices["observed_at"].combine_chunks().take(columns[1])
    return pa.Table.from_arrays([name, pa.DictionaryArray.from_arrays(code, every), source, at], schema=schema)
