"""Kill it at any statement of any act, on either database, and start it again: nothing is lost, nothing is done twice.

The points are counted by running the act once (tests/kill/killing/events.py); it dies, by a real SIGKILL, at each of them since
the last of which something was done (at night at every one). What each death left is read, and every different world that
deaths leave is started again and asked for every invariant (invariants.py), and for the same outcome as if nobody had died
(outcome.py). How many there were is said at the end of the run.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from countermand.config import Database

#: As in killing.scenes.SCENES, which only the stage imports; the stage refuses another name.
SCENES = [
    "approve",
    "issue",
    "halt",
    "rescind",
    "resume",
    "supersede",
    "ingest",
    "deliver",
    "correct",
    "sweep",
    "sweep-due",
    "publish",
    "snapshot",
    "gate",
    "seal",
    "restore",
    "person",
    "group",
    "erase",
    "signal",
    "keys",
]
#: What is one unit, or units that others have shown on both databases: on one of them, and on both at night.
ONCE = {"person", "group", "erase", "signal"}
NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
RUNS = [
    (where, scene) for scene in SCENES for where in ("sqlite", "postgresql") if where == "sqlite" or NIGHTLY or scene not in ONCE
]


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("database", "scene"), RUNS, indirect=["database"])
def test_killed_anywhere(
    scene: str,
    database: Database,
    stage: Callable[[str, Database, Path], dict[str, Any]],
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    found = stage(scene, database, tmp_path)
    where = "SQLite" if isinstance(database, Path) else "PostgreSQL"
    record_property(
        "said",
        f"killed {scene:<10} on {where:<10} at {found['points']:4} points, by {found['deaths']:3} deaths, "
        f"which left {found['states']} worlds",
    )
    assert found["failures"] == []
    assert found["points"] > 5
    assert found["deaths"] > 5
    assert found["states"] >= 1
