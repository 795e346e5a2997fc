"""The docs hold: generated pages are fresh, every code and command has its place, every link leads somewhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from countermand.core.codes import CODES

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("changelog.d/*.md")])
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def anchors(page: Path) -> set[str]:
    """The anchors that a page's headings make: lower case, spaces to dashes, punctuation gone."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    dead = []
    for target in _LINK.findall(page.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        found = (page.parent / name).resolve() if name else page
        if not found.exists() or (anchor and anchor not in anchors(found)):
            dead.append(target)
    assert dead == []


def test_generated_pages_are_fresh() -> None:
    checked = subprocess.run(
        [sys.executable, "scripts/docs.py", "--check"], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert checked.returncode == 0, checked.stderr


def test_every_error_code_has_its_place() -> None:
    assert set(CODES) <= anchors(ROOT / "docs/errors.md")


def test_every_error_says_what_to_do() -> None:
    assert [code for code, entry in CODES.items() if not entry.sentence or not entry.remedy] == []
    assert [code for code in CODES if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code)] == []
    assert {entry.exit for entry in CODES.values()} <= {2, 3, 4, 5, 6}


def test_every_code_that_is_raised_is_in_the_catalogue() -> None:
    raised = set()
    for source in (ROOT / "src").rglob("*.py"):
        raised |= set(re.findall(r"\bRefused\(\s*\"([^\"]+)\"", source.read_text(encoding="utf-8")))
    assert raised - set(CODES) == set()


def test_every_decision_is_listed() -> None:
    index = (ROOT / "docs/decisions/README.md").read_text(encoding="utf-8")
    pages = sorted(page.name for page in (ROOT / "docs/decisions").glob("[0-9]*.md"))
    assert re.findall(r"\]\((\d{4}-[^)]+)\)", index) == pages


def test_the_readme_says_things_in_their_order() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    places = [
        text.index(mark)
        for mark in ("take the order back", "demo transcript: begin", "## `make demo`", "## `make test`", "## Where")
    ]
    assert places == sorted(places)


def test_every_test_named_beside_an_invariant_exists() -> None:
    named = re.findall(r"`(tests/[^`]+\.py)`", (ROOT / "docs/invariants.md").read_text(encoding="utf-8"))
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_the_directive_that_the_guide_shows_is_one() -> None:
    from countermand.core import schema
    from countermand.lib import yaml

    shown = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/write.md").read_text(encoding="utf-8"), re.DOTALL)
    document = yaml.load(shown[0], "write.md")
    directive = schema.read(document.plain, document.where)
    fragment = yaml.load(
        f"{shown[0].split('prohibits:')[0]}{shown[1]}consequence: report_only\nnotices: {{rescinded: default}}\n", "x"
    )
    assert directive.id == "no-tiktok-on-mail"
    assert len(schema.read(fragment.plain, fragment.where).prohibits) == 2
