"""The connection that Django opens to PostgreSQL: whatever waits in its pipe goes before anything that Django asks."""

from typing import Any

from django.db.backends.postgresql import base

from countermand.store.pipe import Pipe


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's own, which knows of the pipe."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._pipe: Pipe | None = None

    def pipe(self) -> Pipe:
        """The pipe of the connection as it is now; one is made for each."""
        if self._pipe is None or self._pipe.driver is not self.connection:
            self._pipe = Pipe(self.connection)
        return self._pipe

    def create_cursor(self, name: str | None = None) -> Any:
        if self._pipe is not None:
            with self.wrap_database_errors:
                self._pipe.flush()
        return super().create_cursor(name)

    def _commit(self) -> None:
        if self._pipe is not None:
            with self.wrap_database_errors:
                self._pipe.commit()
        super()._commit()  # type: ignore[misc]

    def _rollback(self) -> None:
        if self._pipe is not None:
            self._pipe.forget()
        super()._rollback()  # type: ignore[misc]
