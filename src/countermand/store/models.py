"""The tables. Instants are milliseconds since 1970 (UTC); ordinals are dense and never reused.

Rows are the record; sets (FactSet) are derived from them in the same transaction, but for lapsed and verdict sets.
"""

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


# -- the fleet --


class Person(models.Model):
    ordinal = models.IntegerField(primary_key=True)
    login = Name(unique=True)  # normalised
    email = Name()
    name = Name()
    zone = Name(default="")
    locale = Name(default="")
    country = Name(default="", db_index=True)
    employment = Name(default="employee")
    active = models.BooleanField(default=True)


class Group(models.Model):
    name = Name(primary_key=True)


class GroupNesting(models.Model):
    """``child``'s members are ``parent``'s members too. Never cyclic."""

    parent = models.ForeignKey(Group, models.CASCADE, related_name="+")
    child = models.ForeignKey(Group, models.CASCADE, related_name="+")

    class Meta:
        unique_together = [("parent", "child")]


class Membership(models.Model):
    group = models.ForeignKey(Group, models.CASCADE, related_name="+")
    person = models.ForeignKey(Person, models.CASCADE, related_name="+")

    class Meta:
        unique_together = [("person", "group")]


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

    device = models.ForeignKey(Device, models.CASCADE, related_name="+")
    source = Name()
    grade = models.SmallIntegerField()
    coverage = models.ForeignKey(Coverage, models.PROTECT, related_name="+")
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


class SourceHour(models.Model):
    """New presence of watched apps per source and hour, so that a flood shows one report at a time as well."""

    source = models.ForeignKey(Source, models.CASCADE, related_name="+")
    hour = models.BigIntegerField()
    surfaced = models.IntegerField(default=0)
    reports = models.IntegerField(default=0)

    class Meta:
        unique_together = [("source", "hour")]


class Asked(models.Model):
    """What a query to one device asked for, so that its answer's coverage is known (NanoMDM: command_uuid)."""

    identity = Name()
    query = Name()
    coverage = models.ForeignKey(Coverage, models.PROTECT, related_name="+")
    at = When()

    class Meta:
        unique_together = [("identity", "query")]


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
        unique_together = [("space", "block", "name")]
        indexes = [models.Index(fields=["space", "name"], name="factset_by_name")]


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


# -- directives --


class Lineage(models.Model):
    """What holds of all versions of a directive: halted, not before, rings, ground of the end."""

    id = Name(primary_key=True)
    halted_at = When(null=True)
    not_before = When(default=0)
    ended_at = When(null=True)
    ground = Name(default="")
    rings_opened = models.JSONField(default=list)  # instants; ring k is open iff len > k
    walked_to = When(default=0)  # how far the sweep has told others what time did
    created_by = Name()


class Version(models.Model):
    """One exact text. ``state`` is what people decided; a draft's text may change, nothing later may."""

    lineage = models.ForeignKey(Lineage, models.PROTECT, related_name="+")
    number = models.IntegerField()
    state = Name()
    text = Text()
    document = models.JSONField()
    digest = Name()
    written_by = Name()
    written_at = When()
    bundle = Text(default="")  # canonical JSON, fixed at proposing
    bundle_digest = Name(default="")
    issued_at = When(null=True)
    issue_cursor = models.IntegerField(default=-1)  # last person ordinal promised a notice; -1 = none yet
    issue_done = models.BooleanField(default=False)

    class Meta:
        unique_together = [("lineage", "number")]


class VersionApp(models.Model):
    """The expanded ids, frozen with the bundle."""

    version = models.ForeignKey(Version, models.CASCADE, related_name="+")
    app = models.ForeignKey(App, models.PROTECT, related_name="+")

    class Meta:
        unique_together = [("version", "app")]


class Approval(models.Model):
    version = models.ForeignKey(Version, models.CASCADE, related_name="+")
    operator = Name()
    bundle_digest = Name()
    purpose = Name(default="issue")  # issue | resume
    signature = Text()
    public_key = Text()
    at = When()
    void = models.BooleanField(default=False)


class Exemption(models.Model):
    """Release of a person, device or group from a lineage. Holds once agreed by a second person, until ``until``."""

    lineage = models.ForeignKey(Lineage, models.PROTECT, related_name="+")
    kind = Name()  # person | device | group
    target = Name()  # login, "kind:value" of an identity, or group name
    ground = Name()
    until = When()
    proposed_by = Name()
    proposed_at = When()
    agreed_by = Name(default="")
    agreed_at = When(null=True)
    ended_at = When(null=True)


class ProtectedLogin(models.Model):
    """A login that can never be denied. Holds once agreed by a second person."""

    login = Name()
    why = Text()
    proposed_by = Name()
    proposed_at = When()
    agreed_by = Name(default="")
    agreed_at = When(null=True)
    ended_at = When(null=True)


class Told(models.Model):
    """A person's notice of a version was handed over; the due that its text stated."""

    version = models.ForeignKey(Version, models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, models.CASCADE, related_name="+")
    due = When()
    at = When()

    class Meta:
        unique_together = [("version", "person")]


class RingMember(models.Model):
    """A person who is in an earlier ring than the last; written with the promise of the notice."""

    lineage = models.ForeignKey(Lineage, models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, models.CASCADE, related_name="+")
    index = models.IntegerField()

    class Meta:
        unique_together = [("lineage", "person")]


class Attestation(models.Model):
    device = models.ForeignKey(Device, models.CASCADE, related_name="+")
    apps = models.JSONField()
    at = When()
    by = Name()


# -- what must leave --


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


class Dirty(models.Model):
    """Something that gates must hear of; the publisher numbers it from committed rows."""

    kind = Name()  # lineage | denials | unregistered | identities | logins | protected
    key = Name()
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


class GateSeen(models.Model):
    """What a gate last said it knows; the publisher refuses to fall behind it."""

    name = Name(unique=True)
    epoch = models.BigIntegerField()
    n = models.BigIntegerField()
    at = When()


class Lease(models.Model):
    """One holder at a time for publisher, sealer and the like, on the database's real time."""

    name = Name(primary_key=True)
    holder = Name(default="")
    until = When(default=0)


class Receipt(models.Model):
    """One numbered hand-over: exactly what was written to somebody else's enforcement, so that undo can remove it."""

    lineage = models.ForeignKey(Lineage, models.PROTECT, related_name="+")
    number = models.IntegerField()
    format = Name()
    added = models.JSONField()
    removed = models.JSONField()
    undoes = models.IntegerField(null=True)
    at = When()
    by = Name()

    class Meta:
        unique_together = [("lineage", "number")]


# -- the ledger --


class LedgerRow(models.Model):
    """An entry in the transaction of the change it records; ``leaf`` is assigned by the sealer."""

    entry = models.BinaryField()
    leaf = models.BigIntegerField(null=True, unique=True)
    at = When()


class LedgerHash(models.Model):
    """Stored hashes of the Merkle tree: (level, index) of complete subtrees."""

    level = models.SmallIntegerField()
    index = models.BigIntegerField()
    hash = models.BinaryField()

    class Meta:
        unique_together = [("level", "index")]


class LedgerCheckpoint(models.Model):
    """Signed checkpoints in order of size; the sealer swaps on the last one."""

    size = models.BigIntegerField(unique=True)
    note = Text()
    at = When()


class Salt(models.Model):
    """Erasable: without its salt a commitment in the ledger names nobody."""

    subject = Name(primary_key=True)  # "person:<login>" | "device:<ordinal>"
    salt = models.BinaryField()
