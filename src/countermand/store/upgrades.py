"""How far a database's tables are, and moving them: forward to this program, or one version back."""

import pkgutil
from dataclasses import dataclass

from django.db import connection

from countermand.store import migrations
from countermand.store.faults import told_apart

_APP = "store"
#: Where Django keeps which migrations it has applied.
_TABLE = "django_migrations"


@dataclass(frozen=True, slots=True)
class Standing:
    """Names of migrations: ``applied`` to this database, ``known`` to this program, both in their order."""

    applied: tuple[str, ...]
    known: tuple[str, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """What an upgrade applies."""
        return tuple(name for name in self.known if name not in self.applied)

    @property
    def strange(self) -> tuple[str, ...]:
        """What a newer program has applied."""
        return tuple(name for name in self.applied if name not in self.known)


def standing() -> Standing:
    """Where the open database stands. Numbers in their names order migrations; one cheap query, for every start."""
    known = sorted(found.name for found in pkgutil.iter_modules(migrations.__path__))
    with told_apart(), connection.cursor() as cursor:
        if _TABLE not in connection.introspection.table_names(cursor):
            return Standing((), tuple(known))
        # Read here rather than by Django's recorder, which loads everything that migrations can do.
        cursor.execute(f"SELECT name FROM {_TABLE} WHERE app = %s ORDER BY name", [_APP])
        return Standing(tuple(name for (name,) in cursor.fetchall()), tuple(known))


def move_to(migration: str) -> None:
    """Apply or take back migrations until this one is the last."""
    from django.core.management import call_command

    call_command("migrate", _APP, migration, verbosity=0, interactive=False)


def irreversible(names: tuple[str, ...]) -> list[str]:
    """Which of these migrations cannot be taken back."""
    from django.db.migrations.loader import MigrationLoader

    loader = MigrationLoader(connection)
    return [name for name in names if not all(step.reversible for step in loader.get_migration(_APP, name).operations)]
