"""What the mail sink was handed, read back from its notes: the drill believes the far end and not our own tables."""

import json
from pathlib import Path


def recipients(folder: Path) -> dict[str, set[str]]:
    """Kind of notice → addresses that it was handed over for."""
    found: dict[str, set[str]] = {}
    for file in sorted(folder.glob("*.ndjson")):
        with file.open(encoding="utf-8") as lines:
            for line in lines:
                noted = json.loads(line)
                found.setdefault(noted["kind"], set()).add(noted["to"])
    return found
