"""The tables of Shared Signals: who may receive, their streams, and what each is told of whom."""

from django.db import models

from countermand.store.fields import Name, Text, When


class SignalReceiver(models.Model):
    """A client that may have a stream. What its stream says, and of whom in which form, is the operator's to decide."""

    name = Name(unique=True)
    secret_digest = Name()  # '' for one that asks for nothing: its stream was made here
    generation = models.IntegerField(default=0)  # access tokens of an earlier one open nothing
    scopes = Name()
    audience = Text()
    shape = Name()
    device_kind = Name(default="")  # which of a device's names it is told under; '' for our own
    revokes = models.BooleanField(default=False)  # session-revoked may be asked for
    inside = models.BooleanField(default=False)  # the subject stands inside the event as well
    added = When()


class SignalStream(models.Model):
    """``status`` enabled | paused | disabled, as ``held_by`` ('' operator receiver) last said. ``requested``: event types,
    one to a line. ``failures`` in a row; ``next_try`` and ``verified_at`` run on real time. ``recall``: the next block whose
    people are all told that they are compliant, because what they were told before is not known; -1: none."""

    stream_id = Name(unique=True)
    receiver = models.OneToOneField(SignalReceiver, models.CASCADE, related_name="+")
    method = Name()
    endpoint = Text(default="")
    credential = models.BinaryField(null=True)  # what goes into Authorization, sealed (lib.sealed)
    requested = Text(default="")
    description = Text(default="")
    status = Name(default="enabled")
    reason = Text(default="")
    held_by = Name(default="")
    changed = models.IntegerField(default=0)  # grows with every change; who compares all subjects anew looks at it
    recall = models.IntegerField(default=-1)
    created = When()
    verified_at = When(default=0)
    failures = models.IntegerField(default=0)
    next_try = When(default=0)
    delivered_at = When(null=True)
    fault = Text(default="")


class Signal(models.Model):
    """One thing that a stream says. ``kind`` compliance: one row a subject as long as there is anything to know of it
    (core.believed); it waits while it has a ``jti``. ``kind`` session-revoked, verification, stream-updated: a row while it
    waits."""

    stream = models.ForeignKey(SignalStream, models.CASCADE, related_name="+")
    kind = Name()
    key = Name()  # the digest of the subject; of what is about the stream, its kind
    subject = Text()  # JSON
    device = models.BigIntegerField(null=True)
    person = models.BigIntegerField(null=True)
    told = models.BooleanField(default=False)
    denied = models.BooleanField(null=True)  # what waits says
    sent = models.BooleanField(default=False)
    doubt = models.BooleanField(default=False)
    jti = Name(default="")
    about = Text(default="")  # JSON: the event, its txn, the orders behind it
    at = When(default=0)  # iat, real time
    rank = models.SmallIntegerField(default=2)  # 0 about the stream, 1 known subjects, 2 others
    kid = Name(default="")  # of the key under which it was last sent
    attempts = models.IntegerField(default=0)
    next_try = When(default=0)
    fault = Text(default="")

    class Meta:
        unique_together = [("stream", "kind", "key")]
        indexes = [
            models.Index(fields=["stream", "rank", "id"], name="signal_waits", condition=~models.Q(jti="")),
            models.Index(fields=["stream", "device"], name="signal_device"),
            models.Index(fields=["stream", "jti"], name="signal_jti", condition=~models.Q(jti="")),
        ]


class Unwanted(models.Model):
    """A subject of which a receiver wants to hear nothing."""

    stream = models.ForeignKey(SignalStream, models.CASCADE, related_name="+")
    key = Name()
    subject = Text()

    class Meta:
        unique_together = [("stream", "key")]
