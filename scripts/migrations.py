"""Writes the migration that a change of store/models.py calls for; with --check only says whether one is missing."""

import sys
import tempfile
from pathlib import Path

from django.core.management import call_command

from countermand.store.setup import open_store


def main() -> None:
    """Exit 1 with --check if the tables and the migrations differ."""
    with tempfile.TemporaryDirectory() as folder:
        open_store(Path(folder) / "unused.sqlite3")
        if "--check" in sys.argv[1:]:
            call_command("makemigrations", "store", check_changes=True, dry_run=True, verbosity=1)
        else:
            call_command("makemigrations", "store", verbosity=1)


if __name__ == "__main__":
    main()
