"""The only SQL: rows on one side, core values on the other. A Django app; nothing above it sees a model."""

from countermand.store.setup import configure

configure()
