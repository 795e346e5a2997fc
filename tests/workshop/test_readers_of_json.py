"""Strangers' JSON is read in one way alone: what is nested without end, or odd, must not break whoever reads it.

``json.loads`` raises RecursionError where everybody expects a ValueError; ``lib.read_json`` does not. The standard library reads
nothing but texts of our own making.
"""

import ast
from pathlib import Path

import pytest

import countermand
from countermand.lib.read_json import read_json

HOME = Path(countermand.__file__).parent
#: Rows of our own database, bundles that were signed, the drill's own files; and the one reader itself.
OURS = ("store/", "cli/drill/", "core/bundle.py", "core/claims.py", "lib/read_json.py")
READERS = {"load", "loads", "JSONDecoder"}


def readers(text: str) -> list[int]:
    """The lines on which the standard library's reader is named, under whatever name it was imported."""
    tree = ast.parse(text)
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import)]
    called = {one.asname or one.name for node in imports for one in node.names if one.name == "json"}
    found: list[int] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "json":
            found += [node.lineno for one in node.names if one.name in READERS]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in called:
            found += [node.lineno] if node.attr in READERS else []
    return found


def test_nobody_else_reads_json_by_the_standard_library() -> None:
    paths = [(path, path.relative_to(HOME).as_posix()) for path in sorted(HOME.rglob("*.py"))]
    assert len(paths) > 500
    found = {name: readers(path.read_text("utf-8")) for path, name in paths if not name.startswith(OURS)}
    assert {name: lines for name, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "text", ["import json\njson.loads(b)", "import json as plain\nplain.load(f)", "from json import loads as read"]
)
def test_every_way_to_it_is_seen(text: str) -> None:
    assert readers(text)


@pytest.mark.parametrize("text", [b"[" * 100_000, "[" * 100_000, b'{"a":' * 100_000, b'["\xff' + b"[" * 100_000])
def test_what_is_nested_without_end_is_no_json(text: bytes | str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # it has no words of its own
        read_json(text)
