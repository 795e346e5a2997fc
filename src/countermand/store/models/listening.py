"""The table of who is told, as machines are, what the ledger records."""

from django.db import models

from countermand.store.fields import Name, Text, When


class Subscriber(models.Model):
    """``position``: the next leaf that it is told; everything before has arrived. ``only``: kinds, one to a line, '' for all.
    ``failures`` in a row; ``next_try`` runs on real time."""

    name = Name(unique=True)
    kind = Name()
    url = Text()
    form = Name(default="")
    only = Text(default="")
    hide_actors = models.BooleanField(default=False)
    credential = models.BinaryField(null=True)  # sealed (lib.sealed); the key is not in the database
    position = models.BigIntegerField(default=0)
    paused_at = When(null=True)
    failures = models.IntegerField(default=0)
    next_try = When(default=0)
    told_at = When(null=True)
    fault = Text(default="")
