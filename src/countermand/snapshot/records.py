"""Records of the feed: numbered, chained by digest, and absolute: a record says what is, not what changed, so applying
one twice, or on top of a newer snapshot, does no harm.

Bodies by kind (hashes are 16 hex digits):

=============  ================================================================================================
lineage        ``{id, live, halted, not_before, sunset, max_staleness, on_stale, text, texts: {language: text}}``
denials        ``{lineage, block, entries: [[from, base64 of a roaring bitmap], ...]}``
unregistered   the same over people
identities     ``{set: [[hash, device ordinal], ...], gone: [hash, ...]}``
logins         ``{set: [[hash, person ordinal], ...], gone: [hash, ...], spoken: {language: [person ordinal, ...]}}``
protected      ``{set: [hash, ...], gone: [hash, ...]}``
=============  ================================================================================================

Members may be added, never taken away or given another meaning: a gate passes over what it does not know, and does without what
an older control plane does not say (``texts``, ``spoken``).
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pyroaring import BitMap

from countermand.core.decision import Entries, Standing
from countermand.core.doubt import OnUnknown
from countermand.core.errors import Refused
from countermand.core.instants import Instant
from countermand.core.languages import SOURCE
from countermand.lib.keys import SigningKey, VerifyKey
from countermand.snapshot.signed import parts, sign, verified


class Kind(StrEnum):
    LINEAGE = "lineage"
    DENIALS = "denials"
    UNREGISTERED = "unregistered"
    IDENTITIES = "identities"
    LOGINS = "logins"
    PROTECTED = "protected"


@dataclass(frozen=True, slots=True)
class Record:
    """One record. ``more``: it belongs together with the next one, and a gate applies them at once."""

    epoch: int
    n: int
    prev: str
    time: Instant
    kind: Kind
    body: Mapping[str, Any]
    more: bool = False


def write(key: SigningKey, record: Record) -> bytes:
    """The signed line of a record."""
    value = {
        "kind": "record",
        "epoch": record.epoch,
        "n": record.n,
        "prev": record.prev,
        "time": record.time,
        "what": record.kind.value,
        "body": record.body,
        "more": record.more,
    }
    return sign(key, value)


def read(key: VerifyKey, line: bytes) -> Record:
    """The record of a line that this key signed."""
    return from_value(verified(key, line))


def from_value(value: Mapping[str, Any]) -> Record:
    """A record from a verified value. Refused ``feed-damaged`` if the value is of another shape."""
    try:
        kind = Kind(value["what"])
        return Record(value["epoch"], value["n"], value["prev"], value["time"], kind, value["body"], value["more"])
    except (KeyError, ValueError) as wrong:
        raise Refused("feed-damaged", why=f"a record lacks {wrong}") from None


def digest(line: bytes) -> str:
    """What the next record names as ``prev``: hex SHA-256 of the signed bytes."""
    return hashlib.sha256(parts(line)[1]).hexdigest()


# -- bodies --


def standing_body(standing: Standing) -> dict[str, Any]:
    return {
        "id": standing.id,
        "live": standing.live,
        "halted": standing.halted,
        "not_before": standing.not_before,
        "sunset": standing.sunset,
        "max_staleness": standing.max_staleness,
        "on_stale": standing.on_stale.value,
        "text": standing.text,
        "texts": dict(standing.texts),
        "language": standing.language,
    }


def standing_of(body: Mapping[str, Any]) -> Standing:
    return Standing(
        body["id"],
        body["live"],
        body["halted"],
        body["not_before"],
        body["sunset"],
        body["max_staleness"],
        OnUnknown(body["on_stale"]),
        body["text"],
        tuple(body.get("texts", {}).items()),
        body.get("language", SOURCE),
    )


def entries_body(lineage: str, block: int, entries: Entries) -> dict[str, Any]:
    coded = [[start, base64.b64encode(found.serialize()).decode()] for start, found in entries]
    return {"lineage": lineage, "block": block, "entries": coded}


def entries_of(body: Mapping[str, Any]) -> list[tuple[Instant, BitMap]]:
    """(from, bitmap), earliest first."""
    found = [(start, BitMap.deserialize(base64.b64decode(coded))) for start, coded in body["entries"]]
    return sorted(found, key=lambda entry: entry[0])


def hash_text(number: int) -> str:
    return f"{number:016x}"


def table_body(kept: Iterable[tuple[int, int]], gone: Iterable[int]) -> dict[str, Any]:
    """The body of ``identities`` and ``logins``."""
    return {"set": [[hash_text(number), ordinal] for number, ordinal in kept], "gone": [hash_text(number) for number in gone]}


def logins_body(kept: Iterable[tuple[int, int]], gone: Iterable[int], spoken: Mapping[int, str]) -> dict[str, Any]:
    """The body of ``logins``. ``spoken``: person ordinal → language, of those who have one in the directory."""
    languages: dict[str, list[int]] = {}
    for ordinal, language in spoken.items():
        languages.setdefault(language, []).append(ordinal)
    return table_body(kept, gone) | {"spoken": languages}


def protected_body(kept: Sequence[int], gone: Sequence[int]) -> dict[str, Any]:
    return {"set": [hash_text(number) for number in kept], "gone": [hash_text(number) for number in gone]}
