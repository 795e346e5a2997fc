"""Every trap that the page on front ends names has its test."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_trap_has_a_test_that_is_there() -> None:
    page = (ROOT / "docs/front-ends.md").read_text()
    table = page.partition("## Traps")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ") and not line.startswith("| trap ")]
    named = [re.findall(r"`(test_\w+)`", row) for row in rows]
    assert len(rows) >= 15
    assert all(named), [row for row, found in zip(rows, named, strict=True) if not found]
    written = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    assert [name for found in named for name in found if f"def {name}(" not in written] == []
