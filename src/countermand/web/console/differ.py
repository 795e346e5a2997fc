"""What differs between two texts, line by line, with a few lines around each difference."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

_AROUND = 3
#: Longer texts are compared as a whole: finding the differences would take longer than reading.
_MOST = 5_000


@dataclass(frozen=True, slots=True)
class Changed:
    """``kind``: same, add, del, or gap for lines that were left out."""

    kind: str
    text: str


def differences(before: str, after: str) -> list[Changed]:
    """Nothing if both are the same."""
    old, new = before.splitlines(), after.splitlines()
    if old == new:
        return []
    if len(old) + len(new) > _MOST:
        return [*(Changed("del", line) for line in old), *(Changed("add", line) for line in new)]
    return list(_found(old, new))


def _found(old: list[str], new: list[str]) -> Iterator[Changed]:
    groups = list(SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(_AROUND))
    for number, group in enumerate(groups):
        if number or group[0][1] > 0:
            yield Changed("gap", "…")
        for verb, begin, end, begins, ends in group:
            if verb == "equal":
                yield from (Changed("same", line) for line in old[begin:end])
                continue
            yield from (Changed("del", line) for line in old[begin:end])
            yield from (Changed("add", line) for line in new[begins:ends])
    if groups and groups[-1][-1][2] < len(old):
        yield Changed("gap", "…")
