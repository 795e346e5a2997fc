"""Sizes and words that keep the tree readable: long files, long functions and vague names are refused by the suite."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(path for path in (ROOT / "src").rglob("*.py") if "migrations" not in path.parts)
TESTS = sorted((ROOT / "tests").rglob("*.py"))
SCRIPTS = sorted(path for path in (ROOT / "scripts").iterdir() if path.is_file())
_VAGUE = re.compile(r"(^|_)(manager|service|helper|util|utils|helpers|handler|processor|data|info)(_|$)")
#: Names that a framework calls us by, and the word of SCIM (RFC 7643 §4.3) for whom somebody reports to.
_IMPOSED = {"data_received", "manager", "_manager", "_with_manager"}


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """(name, lines) of every function in a file, methods and inner ones included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def names(path: Path) -> Iterator[str]:
    yield path.stem
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name
        elif isinstance(node, ast.ClassDef):
            yield re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", node.name).lower()


def test_a_file_has_at_most_400_lines() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in [*SOURCES, *TESTS]}
    assert {name: length for name, length in lengths.items() if length > 400} == {}


def test_a_function_has_at_most_60_lines() -> None:
    long = [(path.name, name, length) for path in SOURCES for name, length in functions(path) if length > 60]
    assert long == []


def test_nine_functions_of_ten_have_at_most_35_lines() -> None:
    lengths = sorted(length for path in SOURCES for _, length in functions(path))
    assert lengths[int(len(lengths) * 0.9)] <= 35


def test_every_module_says_what_it_keeps_to_itself() -> None:
    silent = [path for path in SOURCES if (text := path.read_text(encoding="utf-8")) and not ast.get_docstring(ast.parse(text))]
    assert silent == []


def test_no_name_is_vague() -> None:
    assert [(path.name, name) for path in SOURCES for name in names(path) if _VAGUE.search(name) and name not in _IMPOSED] == []


def test_the_words_below_a_vague_name_are_found() -> None:
    assert [bool(_VAGUE.search(name)) for name in ("feed_manager", "data", "database", "metadata", "service")] == [
        True,
        True,
        False,
        False,
        True,
    ]


@pytest.mark.parametrize("path", [*SOURCES, *SCRIPTS, ROOT / "Makefile", ROOT / ".ci/run"], ids=lambda path: path.name)
def test_nothing_depends_on_where_it_lies(path: Path) -> None:
    assert re.findall(r"(?<![\w.])/(?:work|root|home)/\w*", path.read_text(encoding="utf-8")) == []


def test_every_requirement_is_locked_with_hashes() -> None:
    for name in ("run", "dev", "build"):
        lock = (ROOT / f"requirements/{name}.txt").read_text(encoding="utf-8")
        wanted = re.findall(r"^([A-Za-z][\w.-]*)", (ROOT / f"requirements/{name}.in").read_text(encoding="utf-8"), re.MULTILINE)
        locked = dict(re.findall(r"^([a-z0-9][\w.-]*)==\S+ \\\n    --hash=(sha256):", lock, re.MULTILINE))
        assert {one.lower().replace("_", "-") for one in wanted} <= set(locked), name
        assert "://" not in lock, name


def test_scripts_can_be_run() -> None:
    for path in [*SCRIPTS, ROOT / ".ci/run"]:
        if path.read_text(encoding="utf-8").startswith("#!"):
            assert path.stat().st_mode & 0o111, path
            assert subprocess.run(["bash", "-n", path], timeout=60).returncode == 0


def test_every_target_is_in_the_help() -> None:
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True).stdout
    for target in ("help", "demo", "test", "check", "format", "docs", "lock", "clean"):
        assert re.search(rf"^  make {target} +\w", shown, re.MULTILINE)


def test_a_word_of_make_means_one_thing() -> None:
    """make goes on with a warning that everybody would see first, and forgets the one that came before."""
    targets = re.findall(r"^([a-z-]+):(?!=)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted({one for one in targets if targets.count(one) > 1}) == []
