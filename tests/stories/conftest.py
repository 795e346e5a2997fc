"""Stories live in a world of their own, which is built from the flows' tests' house and the live tests' front door."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "flows"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "live"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "web"))

from world import World


@pytest.fixture
def world(store: Path, tmp_path: Path) -> World:
    """A company on 10 July 2020 at noon UTC: operators with keys, an empty directory, a gate that hears, and a mail server."""
    return World(tmp_path)
