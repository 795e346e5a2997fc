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
    provided = models.BooleanField(default=False, db_default=False)  # opened, and given its roles, by the identity provider
    # A change of roles: who wants which, who agreed, and from when they hold, which is real time, also in a drill.
    wanted_roles = Text(default="", db_default="")
    wanted_by = Name(default="", db_default="")
    agreed_by = Name(default="", db_default="")
    wanted_from = When(null=True)


class ApiToken(models.Model):
    """A narrower, expiring token beside the account's own. ``expires`` is real time, also in a drill."""

    operator = Name(db_index=True)
    label = Name()
    scopes = Text()  # space-separated, sorted
    token_digest = Name(unique=True)  # as of the account's own
    created = When()
    expires = When()
    revoked_at = When(null=True)


class Answered(models.Model):
    """What a request with an idempotency key did: written with its change, so that it cannot happen twice. ``answer`` is
    '' until it is known, and stays so if it held a secret."""

    actor = Name()
    operation = Name()
    key = Name()
    body_digest = Name()
    answer = Text(default="")
    at = When(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["actor", "operation", "key"], name="answered_once")]


class Lease(models.Model):
    """One holder at a time for publisher, sealer and the like, on the database's real time."""

    name = Name(primary_key=True)
    holder = Name(default="")
    until = When(default=0)


class Bucket(models.Model):
    """How often somebody may ask: full at this instant of the database's real time; no row, and it is full."""

    name = Name(primary_key=True)
    full_at = When()
