"""Django's way to PostgreSQL, with a pipe beside it (countermand.store.pipe)."""
