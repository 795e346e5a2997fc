"""Entries of levers as rows: what is wanted of each, and the receipt of what we wrote. Millions of rows, never all at once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from pyroaring import BitMap

from countermand.core.instants import MINUTE, Instant
from countermand.core.lever import NOTHING, Left, Receipt
from countermand.store import bulk, models

#: Milliseconds after which whoever looks sees what was written; directories are consistent in the end, not at once.
SETTLES = 10 * MINUTE
_COLUMNS = "id, key, device, want, value, asked, was, wrote_at, apart, why, idle"


@dataclass(frozen=True, slots=True)
class Entry:
    """``left``: why it is not ours to write, None if it is."""

    pk: int
    key: str
    device: int
    want: str
    receipt: Receipt
    left: Left | None
    why: str
    idle: str


@dataclass(frozen=True, slots=True)
class Settled:
    """What becomes of a row. ``close``: the row goes, once it is not needed to know our own late writes by; ``retry``: when it
    is looked at again, if it is left alone for now."""

    pk: int
    value: str
    was: str
    close: bool = False
    left: Left | None = None
    why: str = ""
    idle: str = ""
    retry: Instant = 0
    wrote: Instant | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """``wanted``: entries that should be there; ``ours``: that are, by our receipts; ``open``: to be written, looked at, or taken
    away, ``removes`` of them to be taken away; ``left``: why → how many; ``idle``: ours and without effect."""

    wanted: int
    ours: int
    open: int
    removes: int
    idle: int
    left: Mapping[str, int]


def open_(lever: int, now: Instant, limit: int) -> list[Entry]:
    """The next entries about which something is to be done: what is to be taken away first."""
    rows = bulk.all_rows(
        f"SELECT {_COLUMNS} FROM store_leverentry WHERE lever_id = %s AND open AND not_before <= %s ORDER BY want, id LIMIT %s",
        [lever, now, limit],
    )
    return [_entry(row, now) for row in rows]


def ours(lever: int, after: int, now: Instant, limit: int) -> list[Entry]:
    """Entries that are there by our receipts, in the order of their numbers."""
    rows = bulk.all_rows(
        f"SELECT {_COLUMNS} FROM store_leverentry WHERE lever_id = %s AND id > %s AND value <> '' ORDER BY id LIMIT %s",
        [lever, after, limit],
    )
    return [_entry(row, now) for row in rows]


def some(lever: int, now: Instant, limit: int, *, left: str = "", idle: bool = False) -> list[Entry]:
    """Entries to look at, by key: those without effect, or those left alone, for one reason or any."""
    which = "idle <> '' AND value <> ''" if idle else "apart = %s" if left else "apart <> %s"
    parameters = [lever, limit] if idle else [lever, left, limit]
    rows = bulk.all_rows(
        f"SELECT {_COLUMNS} FROM store_leverentry WHERE lever_id = %s AND {which} ORDER BY key LIMIT %s", parameters
    )
    return [_entry(row, now) for row in rows]


def page(lever: int, after: int, now: Instant, limit: int) -> list[Entry]:
    """Entries about which something is to be done, in the order of their numbers."""
    rows = bulk.all_rows(
        f"SELECT {_COLUMNS} FROM store_leverentry WHERE lever_id = %s AND open AND id > %s ORDER BY id LIMIT %s",
        [lever, after, limit],
    )
    return [_entry(row, now) for row in rows]


def keyed(lever: int, keys: Collection[str], now: Instant) -> dict[str, Entry]:
    rows = bulk.by_texts(f"SELECT {_COLUMNS} FROM store_leverentry WHERE key IN ({{}}) AND lever_id = {int(lever)}", keys)
    return {row[1]: _entry(row, now) for row in rows}


def want(lever: int, wanted: Mapping[str, tuple[int, str]], devices: Collection[int]) -> int:
    """Of these devices exactly this is wanted: key → (device, value). Returns how many entries changed. An entry that was left
    alone and is wanted as before stays so."""
    before = {
        key: (pk, device, value, left)
        for pk, key, device, value, left in bulk.by_numbers(
            "SELECT id, key, device, want, apart FROM store_leverentry WHERE device IN ({}) AND lever_id = %s".replace(
                "%s", str(int(lever))
            ),
            devices,
        )
    }
    gone = [(pk,) for key, (pk, _, value, _) in before.items() if key not in wanted and value]
    bulk.write("UPDATE store_leverentry SET want = '', open = %s, not_before = 0 WHERE id = %s", [(True, pk) for (pk,) in gone])
    changed = [
        (lever, key, device, value)
        for key, (device, value) in wanted.items()
        if key not in before or before[key][1:3] != (device, value)
    ]
    bulk.put(
        "INSERT INTO store_leverentry (lever_id, key, device, want, value, was, wrote_at, apart, why, idle, not_before, open)"
        " VALUES {} ON CONFLICT (lever_id, key) DO UPDATE SET device = excluded.device, want = excluded.want,"
        " not_before = 0, apart = CASE WHEN store_leverentry.want = '' THEN '' ELSE store_leverentry.apart END,"
        " open = (store_leverentry.value <> excluded.want OR store_leverentry.asked IS NOT NULL)"
        " AND (store_leverentry.want = '' OR store_leverentry.apart IN ('', 'missing', 'refused'))",
        [(*one, "", "", 0, "", "", "", 0, True) for one in changed],
    )
    return len(gone) + len(changed)


def devices(lever: int) -> list[int]:
    """What the entries are of, each once: few, of a lever of apps."""
    return [int(one) for (one,) in bulk.all_rows("SELECT DISTINCT device FROM store_leverentry WHERE lever_id = %s", [lever])]


def wanted_until(lever: int, after: int, limit: int) -> int | None:
    """The last of the next so many entries of which anything is wanted; None: there are no more."""
    ((last,),) = bulk.all_rows(
        "SELECT MAX(id) FROM (SELECT id FROM store_leverentry WHERE lever_id = %s AND want <> '' AND id > %s"
        " ORDER BY id LIMIT %s) AS part",
        [lever, after, limit],
    )
    return None if last is None else int(last)


def unwant(lever: int, after: int, last: int) -> int:
    """Nothing is wanted any more of the entries behind ``after``, up to ``last``."""
    return bulk.run(
        "UPDATE store_leverentry SET want = '', open = TRUE, not_before = 0"
        " WHERE lever_id = %s AND id > %s AND id <= %s AND want <> ''",
        [lever, after, last],
    )


def ask(lever: int, asked: Sequence[tuple[int, str, str, Instant]]) -> set[int]:
    """Writes that are about to be sent: (entry, what was wanted when it was decided, what it will be, when). Returns those of
    which that is wanted still; the others must not be sent."""
    wanted = dict(bulk.by_numbers("SELECT id, want FROM store_leverentry WHERE id IN ({})", [one[0] for one in asked]))
    still = [one for one in asked if wanted.get(one[0]) == one[1]]
    bulk.write(
        "UPDATE store_leverentry SET asked = %s, wrote_at = %s WHERE id = %s", [(value, at, pk) for pk, _, value, at in still]
    )
    return {one[0] for one in still}


def outstanding(lever: int) -> int:
    """Entries of which it is not known whether they were written."""
    ((count_,),) = bulk.all_rows(
        "SELECT COUNT(*) FROM store_leverentry WHERE lever_id = %s AND asked IS NOT NULL AND open", [lever]
    )
    return int(count_)


def handed_out(rows: Sequence[tuple[int, str]], at: Instant) -> None:
    """Writes that somebody else carries: (entry, what it will be). One that was handed out before stays as it was then."""
    statement = "UPDATE store_leverentry SET asked = %s, wrote_at = %s WHERE id = %s AND asked IS NULL"
    bulk.write(statement, [(value, at, pk) for pk, value in rows])


def numbered(lever: int, pks: Collection[int], now: Instant) -> dict[int, tuple[Entry, Instant]]:
    """Entries by their numbers, each with when it was last written or handed out."""
    rows = bulk.by_numbers(
        f"SELECT {_COLUMNS} FROM store_leverentry WHERE id IN ({{}}) AND lever_id = %s".replace("%s", str(int(lever))), pks
    )
    return {row[0]: (_entry(row, now), row[7]) for row in rows}


def settle(rows: Sequence[Settled]) -> None:
    """What was found, or written, and what follows for each row."""
    bulk.write(
        "UPDATE store_leverentry SET value = %s, was = %s, asked = NULL, wrote_at = COALESCE(%s, wrote_at), apart = %s, why = %s,"
        " idle = %s, not_before = %s, open = (want <> %s AND (%s = '' OR %s > 0)) WHERE id = %s",
        [
            (r.value, r.was, r.wrote, r.left or "", r.why[:300], r.idle, r.retry, r.value, r.left or "", r.retry, r.pk)
            for r in rows
            if not r.close
        ],
    )
    bulk.write(
        "UPDATE store_leverentry SET value = '', was = %s, asked = NULL, apart = '', why = '', idle = '', not_before = 0,"
        " open = (want <> '') WHERE id = %s",
        [(r.was, r.pk) for r in rows if r.close],
    )


def adopt(lever: int, keys: Collection[str]) -> int:
    """Entries of which there was no receipt are ours from now on; their device is not known, and nothing is wanted of them."""
    return bulk.put_counted(
        "INSERT INTO store_leverentry"
        " (lever_id, key, device, want, value, asked, was, wrote_at, apart, why, idle, not_before, open) VALUES {}"
        " ON CONFLICT (lever_id, key) DO UPDATE SET asked = excluded.asked, apart = '', not_before = 0, open = excluded.open",
        [(lever, key, -1, "", "", "", "", 0, "", "", "", 0, True) for key in keys],
    )


def put_off(pks: Collection[int], until: Instant) -> None:
    """Not known what became of them: they are looked at again then."""
    bulk.write("UPDATE store_leverentry SET not_before = %s WHERE id = %s", [(until, pk) for pk in pks])


def sweep(lever: int, now: Instant) -> int:
    """Rows of which nothing is wanted, nothing is there, and nothing of ours can come late go."""
    return bulk.run(
        "DELETE FROM store_leverentry WHERE lever_id = %s AND want = '' AND value = '' AND asked IS NULL AND wrote_at < %s",
        [lever, now - SETTLES],
    )


def count(lever: int) -> Count:
    """How many entries stand how."""
    (row,) = bulk.all_rows(
        "SELECT COALESCE(SUM(CASE WHEN want <> '' THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN value <> '' OR asked IS NOT NULL"
        " THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN open THEN 1 ELSE 0 END), 0),"
        " COALESCE(SUM(CASE WHEN open AND want = '' THEN 1 ELSE 0 END), 0),"
        " COALESCE(SUM(CASE WHEN idle <> '' AND value <> '' THEN 1 ELSE 0 END), 0) FROM store_leverentry WHERE lever_id = %s",
        [lever],
    )
    left = bulk.all_rows(
        "SELECT apart, COUNT(*) FROM store_leverentry WHERE lever_id = %s AND apart <> '' GROUP BY apart ORDER BY apart", [lever]
    )
    wanted, ours_, opened, removes, idle = map(int, row)
    return Count(wanted, ours_, opened, removes, idle, {why: int(number) for why, number in left})


def any_open(lever: int, now: Instant) -> bool:
    return bool(
        bulk.all_rows("SELECT 1 FROM store_leverentry WHERE lever_id = %s AND open AND not_before <= %s LIMIT 1", [lever, now])
    )


def holds(lever: int) -> bool:
    """Whether anything of ours is, or may be, there."""
    return bool(
        bulk.all_rows(
            "SELECT 1 FROM store_leverentry WHERE lever_id = %s AND (value <> '' OR asked IS NOT NULL) LIMIT 1", [lever]
        )
    )


def stale(lever: int, word: str) -> bool:
    """Whether some entry says, or may say, this word that should not."""
    return bool(
        bulk.all_rows(
            "SELECT 1 FROM store_leverentry WHERE lever_id = %s AND (value LIKE %s OR asked LIKE %s) AND want NOT LIKE %s"
            " LIMIT 1",
            [lever, *[f"%{word}%"] * 3],
        )
    )


def says(lever: int, word: str) -> bool:
    """Whether some entry of ours says this word, and should."""
    rows = "SELECT 1 FROM store_leverentry WHERE lever_id = %s AND value LIKE %s AND want LIKE %s LIMIT 1"
    return bool(bulk.all_rows(rows, [lever, *[f"%{word}%"] * 2]))


# -- what the wants were made from --


def denied(lever: int, block: int) -> dict[str, BitMap]:
    """Directive → the devices of the block that were denied by it when the wants were made."""
    rows = models.LeverBlock.objects.filter(lever=lever, block=block)
    return {row.lineage_id: BitMap.deserialize(bytes(row.bitmap)) for row in rows}


def keep_denied(lever: int, block: int, found: Mapping[str, BitMap]) -> None:
    models.LeverBlock.objects.filter(lever=lever, block=block).exclude(lineage__in=[n for n, b in found.items() if b]).delete()
    for lineage, bitmap in found.items():
        if bitmap:
            models.LeverBlock.objects.update_or_create(
                lever_id=lever, lineage_id=lineage, block=block, defaults={"bitmap": bitmap.serialize()}
            )


def blocks(lever: int) -> list[int]:
    return sorted(models.LeverBlock.objects.filter(lever=lever).values_list("block", flat=True).distinct())


def forget_denied(lever: int) -> None:
    models.LeverBlock.objects.filter(lever=lever).delete()


def _entry(row: Sequence[object], now: Instant) -> Entry:
    pk, key, device, wanted, value, asked, was, wrote_at, left, why, idle = row
    assert isinstance(pk, int) and isinstance(device, int) and isinstance(wrote_at, int)  # noqa: S101, PT018
    receipt = Receipt(str(value), None if asked is None else str(asked), str(was), settled=now - wrote_at > SETTLES)
    return Entry(pk, str(key), device, str(wanted), receipt, Left(str(left)) if left else None, str(why), str(idle))


__all__ = ["NOTHING", "Count", "Entry", "Settled"]
