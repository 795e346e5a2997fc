"""The tables of what employees say: that they contest an order, that a device is not theirs, that an app is gone."""

from django.db import models

from countermand.store.fields import Name, Text, When
from countermand.store.models.fleet import Device, Person


class Objection(models.Model):
    """``kind``: contest | not-mine. It waits for a named human, the ``answerer``, until ``answer_by``, and then for another."""

    kind = Name()
    person = models.ForeignKey(Person, models.CASCADE, related_name="+")
    device = models.ForeignKey(Device, models.CASCADE, related_name="+")
    lineage = Name(default="")
    words = Text(default="")
    at = When()
    answered_at = When(null=True)
    answered_by = Name(default="")
    answer = Text(default="")
    answerer = Name(default="", db_default="")
    answer_by = When(default=0, db_default=0)
    escalated = models.IntegerField(default=0, db_default=0)  # how often it went on to somebody else
    cut_at = When(null=True)  # not-mine: since when the device gets no mail of this person
    mended_at = When(null=True)  # until when

    class Meta:
        indexes = [models.Index(fields=["at"], name="objection_open", condition=models.Q(answered_at__isnull=True))]


class Recheck(models.Model):
    """A person said that an app is gone and asked for another look. ``state``: wanted asked unsupported failed; ``ticket``: the
    source's, for its answer."""

    device = models.ForeignKey(Device, models.CASCADE, related_name="+")
    source = Name()
    lineage = Name()
    state = Name(default="wanted")
    ticket = Name(default="")
    attempts = models.IntegerField(default=0)
    wanted_at = When()
    asked_at = When(null=True)

    class Meta:
        unique_together = [("device", "source", "lineage")]
        indexes = [models.Index(fields=["id"], name="recheck_wanted", condition=models.Q(state="wanted"))]
