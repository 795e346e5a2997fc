"""The tables of the house itself: what this database is, who operates it, who holds which lease."""

from django.db import models

from countermand.store.fields import Name, Text, When


class Installation(models.Model):
    """One row (id 1): what this database is. ``drill`` is fixed at creation; only a drill's clock can be offset."""

    drill = models.BooleanField()
    origin = Name()  # the ledger's origin and the sender of notices
    epoch = models.BigIntegerField()
    created = When()
    clock_offset = models.BigIntegerField(default=0)  # milliseconds, drills only
    next_person = models.IntegerField(default=0)
    next_device = models.IntegerField(default=0)


class Operator(models.Model):
    name = Name(unique=True)
    roles = Text()  # space-separated, sorted
    token_digest = Name(unique=True)  # hex SHA-256; the token itself is shown once and never stored
    ssh_key = Text(default="")  # one OpenSSH public key line
    added = When()
    may_approve_from = When()
    active = models.BooleanField(default=True)


class Lease(models.Model):
    """One holder at a time for publisher, sealer and the like, on the database's real time."""

    name = Name(primary_key=True)
    holder = Name(default="")
    until = When(default=0)
