"""The tables of the fleet: people, groups, devices, what reports said, and the sets that follow from them.

Rows are the record; sets (FactSet) are derived from them in the same transaction, but for lapsed and verdict sets.
"""

from django.db import models

from countermand.store.fields import Name, Text, When


class Person(models.Model):
    ordinal = models.IntegerField(primary_key=True)
    login = Name(unique=True)  # normalised
    email = Name()
    name = Name()
    zone = Name(default="")
    locale = Name(default="")
    country = Name(default="", db_index=True)
    employment = Name(default="employee")
    manager = Name(default="", db_default="")  # a login, also one that nobody has
    active = models.BooleanField(default=True)

    class Meta:
        indexes = [models.Index(fields=["manager"], name="person_manager", condition=~models.Q(manager=""))]


class Group(models.Model):
    name = Name(primary_key=True)


class GroupNesting(models.Model):
    """``child``'s members are ``parent``'s members too. Never cyclic.

    It holds for people with ordinals from ``since`` on and under ``until``: everybody, but for the time in which a change of
    nesting goes through the company person by person.
    """

    parent = models.ForeignKey(Group, models.CASCADE, related_name="+")
    child = models.ForeignKey(Group, models.CASCADE, related_name="+")
    since = models.IntegerField(default=0)
    until = models.IntegerField(default=2**31 - 1)
    held = models.IntegerField(null=True)  # the held batch in which its end waits: until then it counts

    class Meta:
        unique_together = [("parent", "child")]


class Membership(models.Model):
    group = models.ForeignKey(Group, models.CASCADE, related_name="+")
    person = models.ForeignKey(Person, models.CASCADE, related_name="+", db_index=False)  # the pair's index begins with it
    held = models.IntegerField(null=True)  # the held batch in which the person's leaving waits: until then they are a member

    class Meta:
        unique_together = [("person", "group")]
        indexes = [models.Index(fields=["held"], name="membership_held", condition=models.Q(held__isnull=False))]


class Device(models.Model):
    ordinal = models.IntegerField(primary_key=True)
    owner = models.ForeignKey(Person, models.SET_NULL, null=True, related_name="+")
    platform = Name()
    model = Name(default="")
    ownership = Name()
    enrollment = Name()
    reads_mail = models.BooleanField(default=False)
    mail_removed = models.BooleanField(default=False)
    retired = models.BooleanField(default=False)
    last_seen = When(null=True)
    owner_since = When(null=True)  # None: nobody's, or from before this was written down


class Binding(models.Model):
    """The device was the person's, and is no more (whose it is now is in its own row). Nothing is decided by it."""

    device = models.ForeignKey(Device, models.CASCADE, related_name="+")
    person = models.ForeignKey(Person, models.CASCADE, related_name="+")
    since = When(null=True)
    until = When(db_index=True)


class Identity(models.Model):
    kind = Name()
    value = Name()
    device = models.ForeignKey(Device, models.CASCADE, related_name="+")

    class Meta:
        unique_together = [("kind", "value")]


class App(models.Model):
    """An app id on a platform, numbered for set names and packed rows."""

    platform = Name()
    app_id = Name()

    class Meta:
        unique_together = [("platform", "app_id")]


class Coverage(models.Model):
    """What an answer could have shown: ``everything``, or the apps of the serialised roaring bitmap of App numbers."""

    everything = models.BooleanField()
    apps = models.BinaryField()
    digest = Name(unique=True)


class AppList(models.Model):
    """A device's presence, packed: ``shown`` = present apps with the time last shown (store.packing)."""

    device = models.OneToOneField(Device, models.CASCADE, primary_key=True, related_name="+")
    shown = models.BinaryField()


class Looked(models.Model):
    """The latest observation of a device per source, grade and coverage."""

    device = models.ForeignKey(Device, models.CASCADE, related_name="+", db_index=False)  # the key's index begins with it
    source = Name()
    grade = models.SmallIntegerField()
    coverage = models.ForeignKey(Coverage, models.PROTECT, related_name="+", db_index=False)  # never looked up, never deleted
    observed_at = When()

    class Meta:
        unique_together = [("device", "source", "grade", "coverage")]


class Source(models.Model):
    """A system that reports. ``last_contact``: the last complete healthy one; ``interval``: how often it should come."""

    name = Name(unique=True)
    kind = Name()
    interval = models.BigIntegerField()
    last_contact = When(null=True)
    released_once = models.BooleanField(default=False)  # its first sync was confirmed
    last_count = models.IntegerField(default=0)  # devices in its last complete set
    settings = Text(default="{}", db_default="{}")  # JSON; how to ask it, if it is asked
    credential = models.BinaryField(null=True)  # sealed (lib.sealed); the key is not in the database
    paused_at = When(null=True)  # nothing is taken from it until it is resumed
    tried_at = When(null=True)  # when it was last asked
    fault = Text(default="", db_default="")  # what went wrong then
    conflicts = Text(default="", db_default="")  # in its last set: names that belong to different devices, one to a line


class Enrolled(models.Model):
    """A device is enrolled with a source, which speaks only for such devices. ``until``: when it left, if it did."""

    device = models.ForeignKey(Device, models.CASCADE, related_name="+", db_index=False)  # the pair's index begins with it
    source = Name()
    since = When()
    until = When(null=True)
    said = Text(null=True)  # store.claims; '' = what the device's row says, of a load in bulk

    class Meta:
        unique_together = [("device", "source")]


class SourceEvent(models.Model):
    """An event as a source posted it, kept until it is taken. ``code`` says why it could not be, and it waits for a person."""

    source = Name()
    event = Name()  # the sender's own id, or the digest of the body
    body = models.BinaryField()
    at = When()
    taken_at = When(null=True, db_index=True)
    code = Name(default="")
    why = Text(default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "event"], name="source_event_once")]


class SourceHour(models.Model):
    """New presence of watched apps per source and hour, so that a flood shows one report at a time as well."""

    source = models.ForeignKey(Source, models.CASCADE, related_name="+")
    hour = models.BigIntegerField()
    surfaced = models.IntegerField(default=0)
    reports = models.IntegerField(default=0)

    class Meta:
        unique_together = [("source", "hour")]


class SyncRun(models.Model):
    """A source's whole set on its way in. Nothing reads its pages as facts; they are taken once the set is whole.

    ``stage``: fetching, waiting (for a person), taking; ``cursor``: where its next page begins, in the source's words.
    """

    source = models.OneToOneField(Source, models.CASCADE, related_name="+")
    stage = Name(default="fetching")
    began = When()
    fetched = When(null=True)
    cursor = Text(default="")
    devices = models.IntegerField(default=0)
    passed = models.IntegerField(default=0)  # no phones
    faults = models.IntegerField(default=0)  # rows that could not be read
    why = Text(default="")  # what was wrong with the first of them
    confirmed = models.BooleanField(default=False)  # by a person who saw its counts
    conflicts = Text(default="", db_default="")


class SyncPart(models.Model):
    """Some of its devices, as mentions, narrowed to what may be kept; gone once they are taken."""

    run = models.ForeignKey(SyncRun, models.CASCADE, related_name="+")
    payload = models.BinaryField()


class Asked(models.Model):
    """What a query to one device asked for, so that its answer's coverage is known (NanoMDM: command_uuid).

    ``source`` and ``what``: '' where somebody else sent it; ``again_at``: when it is asked again unless it was heard of.
    """

    identity = Name()
    query = Name()
    coverage = models.ForeignKey(Coverage, models.PROTECT, related_name="+", db_index=False)
    at = When()
    source = Name(default="", db_default="")
    what = Name(default="", db_default="")
    attempts = models.IntegerField(default=1, db_default=1)
    again_at = When(null=True)
    heard_at = When(null=True)

    class Meta:
        unique_together = [("identity", "query")]
        indexes = [
            models.Index(fields=["again_at"], name="asked_again", condition=models.Q(again_at__isnull=False)),
            models.Index(fields=["source", "at"], name="asked_of"),
        ]


class Held(models.Model):
    """A batch that waits for a person: nothing reads its rows as facts until it is released."""

    kind = Name()  # import-people | import-devices | reports | protect ...
    source = Name()
    why = Name()  # an error code
    counts = models.JSONField()
    payload = models.BinaryField()  # what release applies, as the flow packed it
    at = When()
    released_at = When(null=True)
    released_by = Name(default="")
    dropped_at = When(null=True)


class Watch(models.Model):
    """An app id that may be kept for personal devices although no live directive names it."""

    app = models.ForeignKey(App, models.PROTECT, related_name="+")
    purpose = Text()
    until = When()
    proposed_by = Name()
    agreed_by = Name(default="")


class FactSet(models.Model):
    """One roaring bitmap per (space, name, block). ``space``: 'd' devices, 'p' people."""

    space = models.CharField(max_length=1)
    name = Name()
    block = models.IntegerField()
    bitmap = models.BinaryField()

    class Meta:
        unique_together = [("space", "block", "name")]  # the only index: a large fleet has millions of sets of apps


class Sighting(models.Model):
    """A (login, device id) pair with a proven login that a gate saw and the fleet does not know."""

    login = Name()
    kind = Name()
    value = Name()
    first = When()
    last = When()
    times = models.BigIntegerField(default=0)

    class Meta:
        unique_together = [("login", "kind", "value")]


class Attestation(models.Model):
    device = models.ForeignKey(Device, models.CASCADE, related_name="+")
    apps = models.JSONField()
    at = When()
    by = Name()


class Load(models.Model):
    """A load of devices in bulk (store.loads): what it reserved, and how far it has come."""

    key = Name(unique=True)
    first = models.IntegerField()
    devices = models.IntegerField()
    placed = models.IntegerField(default=0)
    named = models.IntegerField(default=0)
    known = models.IntegerField(default=0)
    started_at = When()
    finished_at = When(null=True)
