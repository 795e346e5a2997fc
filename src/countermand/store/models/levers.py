"""The tables of levers: somebody else's enforcement that we feed, and a receipt for each entry of ours there."""

from django.db import models

from countermand.store.fields import Name, Text, When
from countermand.store.models.orders import Lineage


class Lever(models.Model):
    """``begun_at``: since when it is kept up; ``undoing``: all of ours goes. ``power``, ``armed``, ``changed``: the switch as we
    last wrote it (core.lever.Switch). ``next_try`` runs on real time; ``rate``: writes in an hour, of late."""

    name = Name(unique=True)
    kind = Name()
    settings = Text()
    credential = models.BinaryField(null=True)  # sealed (lib.sealed); the key is not in the database
    mark = Name()
    added_at = When()
    begun_at = When(null=True)
    paused_at = When(null=True)
    undoing = models.BooleanField(default=False)
    policy = Name(default="")
    power = Name(default="none")
    armed = Text(default="")  # ids of lineages, one to a line
    changed = Text(default="")
    enable_proposed_by = Name(default="")
    enabled_by = Name(default="")
    walked_at = When(null=True)  # when what is wanted was last compared with the fleet
    named_at = When(null=True)  # when every device was last named anew
    verified_at = When(null=True)
    verified_to = models.BigIntegerField(default=0)  # of a verification that is under way
    next_try = When(default=0)
    failures = models.IntegerField(default=0)
    fault = Text(default="")
    rate = models.IntegerField(default=0)


class LeverEntry(models.Model):
    """One entry of somebody else's list that we want, have, or had a moment ago (core.lever.Receipt). ``open``: something is to
    be done about it, not before ``not_before`` (real time)."""

    lever = models.ForeignKey(Lever, models.CASCADE, related_name="+")
    key = Name()
    device = models.IntegerField()
    want = Text(default="")
    value = Text(default="")
    asked = Text(null=True)
    was = Text(default="")
    wrote_at = When(default=0)  # real time
    apart = Name(default="")  # core.lever.Left: why it is left alone
    why = Text(default="")
    idle = Text(default="")
    not_before = When(default=0)
    open = models.BooleanField(default=True)

    class Meta:
        unique_together = [("lever", "key")]
        indexes = [
            models.Index(fields=["lever", "device"], name="leverentry_device"),
            models.Index(fields=["lever", "want", "id"], name="leverentry_open", condition=models.Q(open=True)),
        ]


class LeverBlock(models.Model):
    """The devices of a block from which the entries' wants were last made, as denied by one directive."""

    lever = models.ForeignKey(Lever, models.CASCADE, related_name="+")
    lineage = models.ForeignKey(Lineage, models.PROTECT, related_name="+")
    block = models.IntegerField()
    bitmap = models.BinaryField()

    class Meta:
        unique_together = [("lever", "lineage", "block")]
