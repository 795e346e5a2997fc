"""Run by test_disk_and_clock.py on a small disk of its own: fill it, stop an order all the same, make it read-only, try again.

``python full_disk.py DIRECTORY TEMPLATE``; prints one JSON line of what happened.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import house

from countermand.core.errors import Refused
from countermand.flows.publish import publish
from countermand.flows.reserve import reserve
from countermand.flows.speaker import speaker
from countermand.flows.stop import halt, rescind
from countermand.lib import clock
from countermand.reads.installation import open_installation
from countermand.store import feed, models
from countermand.store.setup import close_store, open_store
from countermand.store.unit import unit


def main(disk: Path, template: Path) -> None:
    database = disk / "countermand.sqlite3"
    shutil.copyfile(template, database)
    open_store(database)
    house.open_house()
    house.move_in(house.staff(5, with_app=2))
    house.issued(5)
    voice = speaker(disk / "state", clock.now())
    publish(voice, "p", clock.now(), beat=True)
    reserve()
    before = feed.last(1).n
    fill(disk / "ballast")
    said = {"write": code(lambda: grow(200)), "rows": models.Group.objects.filter(name__startswith="more").count()}
    halted = halt(house.operator(), house.NAME)
    said |= {"halted": not halted.already, "ledger": house.ledger_kinds()[-1], "reserve": reserve_there(database)}
    said["told"] = publish(voice, "p", clock.now()).records
    said["n"] = feed.last(1).n - before
    close_store()
    (disk / "ballast").unlink()
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    said["read_only"] = code(lambda: open_installation(database) and rescind(house.operator(), house.NAME, "sent-in-error"))
    print(json.dumps(said))


def fill(path: Path) -> None:
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as file:
        while True:
            file.write(os.urandom(4096))


def grow(rows: int) -> None:
    with unit():
        for number in range(rows):
            models.Group.objects.create(name=f"more-{number}-" + "x" * 200)


def code(write: "object") -> str:
    try:
        write()  # type: ignore[operator]
    except Refused as refused:
        return refused.code if "stop file" in refused.remedy else refused.remedy
    return "written"


def reserve_there(database: Path) -> bool:
    return Path(f"{database}.reserve").exists()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
