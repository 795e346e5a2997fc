"""The table of what employees say against an order: that they contest it, or that a device is not theirs."""

from django.db import models

from countermand.store.fields import Name, Text, When
from countermand.store.models.fleet import Device, Person


class Objection(models.Model):
    """``kind``: contest | not-mine. It waits for a named human until ``answered_at``; ``until``: when mail is due back that
    somebody gave for a while."""

    kind = Name()
    person = models.ForeignKey(Person, models.CASCADE, related_name="+")
    device = models.ForeignKey(Device, models.CASCADE, related_name="+")
    lineage = Name(default="")
    words = Text(default="")
    at = When()
    answered_at = When(null=True)
    answered_by = Name(default="")
    answer = Text(default="")

    class Meta:
        indexes = [models.Index(fields=["at"], name="objection_open", condition=models.Q(answered_at__isnull=True))]
