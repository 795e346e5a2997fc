"""The tables of the console: with what its operators sign in, links that let them in once, who is signed in; and the course that
orders take."""

from django.db import models

from countermand.store.fields import Name, Text, When


class Passkey(models.Model):
    """``public_key``: one line as lib.passkeys writes it, of which everything else follows. ``counts_from``: when approvals made
    with it begin to count."""

    operator = Name(db_index=True)
    label = Name()
    credential = Name(unique=True)  # base64url
    public_key = Text()
    counter = models.BigIntegerField(default=0)
    added = When()
    counts_from = When()
    used = When(null=True)
    removed_at = When(null=True)


class Invitation(models.Model):
    """A link by which one person makes a passkey for one account, once. ``first``: made when the house was set up, so that no
    approval can have been waited for. Real time, also in a drill."""

    operator = Name(db_index=True)
    digest = Name(unique=True)  # hex SHA-256, as of a token
    first = models.BooleanField(default=False)
    made = When()
    expires = When()
    used_at = When(null=True)


class Seat(models.Model):
    """Somebody signed in at the console. ``opened_by``: the digest of the one question that it answered, so that an answer
    opens one seat. ``means``: passkey or provider. Real time, also in a drill."""

    operator = Name(db_index=True)
    digest = Name(unique=True)  # hex SHA-256 of the cookie's secret
    opened_by = Name(unique=True)
    means = Name()
    opened = When()
    seen = When()
    left_at = When(null=True)


class Course(models.Model):
    """How a directive stood at one time, in devices: a figure for charts, which decides nothing. ``told`` counts people."""

    lineage = Name()
    at = When()
    told = models.IntegerField()
    compliant = models.IntegerField()
    unknown = models.IntegerField()
    exempt = models.IntegerField()
    noncompliant = models.IntegerField()  # in grace too
    denied = models.IntegerField()

    class Meta:
        unique_together = [("lineage", "at")]
