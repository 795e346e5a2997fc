"""The tables of what must leave: notices, the feed to gates, receipts of hand-overs."""

from django.db import models
from django.db.models import Value

from countermand.store.fields import Name, Text, When
from countermand.store.models.fleet import Person
from countermand.store.models.orders import Lineage, Version


class Notice(models.Model):
    """A promise of words to one person. ``state``: promised claimed accepted unknown refused bounced void."""

    version = models.ForeignKey(Version, models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, models.CASCADE, related_name="+")
    kind = Name()  # issued reminder denied restored rescinded superseded halted resumed
    occurrence = Name(default="")
    rank = models.SmallIntegerField(default=1)  # 0 = the correction goes first
    state = Name(default="promised")
    not_before = When(default=0)
    lease_until = When(default=0)  # on the database's real time
    claimed_by = Name(default="")
    stated_due = When(null=True)
    message_id = Name(default="")
    attempts = models.IntegerField(default=0)
    answer = Text(default="")  # the server's last words
    reached = models.BooleanField(default=False)  # some attempt was accepted, or may have been: never cleared
    promised_at = When()
    settled_at = When(null=True)

    class Meta:
        unique_together = [("version", "person", "kind", "occurrence")]
        indexes = [
            models.Index(
                fields=["version", "rank", "not_before", "id"],
                name="notice_open",
                condition=models.Q(state__in=["promised", "claimed"]),
            ),
        ]


class Echo(models.Model):
    """A promise of a notice's words once more, by a second channel; nobody is told by it. ``state`` as a notice's, without
    bounced. ``person`` None: a room, which many read."""

    version = models.ForeignKey(Version, models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, models.CASCADE, related_name="+", null=True)
    channel = Name()
    kind = Name()
    occurrence = Name(default="")
    state = Name(default="promised")
    lease_until = When(default=0)  # on the database's real time
    claimed_by = Name(default="")
    attempts = models.IntegerField(default=0)
    answer = Text(default="")
    reached = models.BooleanField(default=False)  # some attempt was accepted, or may have been: never cleared
    promised_at = When()
    settled_at = When(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["version", "person", "channel", "kind", "occurrence"],
                name="echo_of_person",
                condition=models.Q(person__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["version", "channel", "kind", "occurrence"],
                name="echo_of_room",
                condition=models.Q(person__isnull=True),
            ),
        ]
        indexes = [
            models.Index(fields=["version", "id"], name="echo_open", condition=models.Q(state__in=["promised", "claimed"])),
        ]


class Dirty(models.Model):
    """Something that gates must hear of; the publisher numbers it from committed rows."""

    kind = Name()  # lineage | denials | unregistered | identities | logins | protected | clock
    key = Text()
    block = models.IntegerField(default=-1)


class FeedRecord(models.Model):
    """A published record: the exact signed bytes."""

    epoch = models.BigIntegerField()
    n = models.BigIntegerField()
    digest = Name()
    body = models.BinaryField()
    at = When()

    class Meta:
        unique_together = [("epoch", "n")]


class FeedHeartbeat(models.Model):
    """One row (id 1): the last heartbeat, the exact signed bytes. The publisher alone writes it, when nothing is pending."""

    epoch = models.BigIntegerField()
    n = models.BigIntegerField()
    time = When()  # the installation's time: a drill's, in a drill
    body = models.BinaryField()


class GateSeen(models.Model):
    """What a gate last said it knows and does; the publisher refuses to fall behind it."""

    name = Name(unique=True)
    epoch = models.BigIntegerField()
    n = models.BigIntegerField()
    at = When()
    heard = When(default=0)
    stopped = models.BooleanField(default=False)
    decisions = models.JSONField(default=dict)  # "outcome/reason" → count since the gate started
    shown = models.JSONField(default=dict, db_default=Value({}, models.JSONField()))  # lineage → denials shown to proven logins
    version = Name(default="", db_default="")  # of its software


class Receipt(models.Model):
    """One numbered hand-over: exactly what was written to somebody else's enforcement, so that undo can remove it."""

    lineage = models.ForeignKey(Lineage, models.PROTECT, related_name="+")
    number = models.IntegerField()
    format = Name()
    added = models.BinaryField()  # packed by store.receipts, as is removed
    removed = models.BinaryField()
    undoes = models.IntegerField(null=True)
    at = When()
    by = Name()

    class Meta:
        unique_together = [("lineage", "number")]
