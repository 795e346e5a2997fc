"""The tables of directives: lineages, versions, approvals, exemptions, and who was told what."""

from django.db import models
from django.db.models import Value

from countermand.core.notices import ALL
from countermand.store.fields import Name, Text, When
from countermand.store.models.fleet import App, Person


class Lineage(models.Model):
    """What holds of all versions of a directive: halted, not before, rings, ground of the end."""

    id = Name(primary_key=True)
    halted_at = When(null=True)
    not_before = When(default=0)
    ended_at = When(null=True)
    ground = Name(default="")
    rings_opened = models.JSONField(default=list)  # instants; ring k is open iff len > k
    walked_to = When(default=0)  # how far the sweep has told others what time did
    corrected_to = models.IntegerField(default=-1)  # last person ordinal promised the correction
    corrected = models.BooleanField(default=False)  # everyone who was reached has been promised it
    last_halt = When(null=True)
    hold_told_to = models.IntegerField(default=-1)  # last person ordinal promised the word of the last halt, or of its end
    hold_told = models.BooleanField(default=True)  # everyone whom that word concerns has been promised it
    created_by = Name()


class Version(models.Model):
    """One exact text. ``state`` is what people decided; a draft's text may change, nothing later may."""

    lineage = models.ForeignKey(Lineage, models.PROTECT, related_name="+")
    number = models.IntegerField()
    state = Name()
    text = Text()
    document = models.JSONField()
    digest = Name()
    written_by = Name()  # whoever wrote last
    written_at = When()
    authors = models.JSONField(default=list)  # everyone who wrote or proposed this text: none of them may approve it
    bundle = Text(default="")  # canonical JSON, fixed at proposing
    bundle_digest = Name(default="")
    issued_at = When(null=True)
    ceiling = models.IntegerField(default=0)  # most people who may be told; growth beyond it waits for a person
    promised = models.BinaryField(default=b"")  # serialised roaring bitmap of the people promised its notice
    issue_done = models.BooleanField(default=False)  # the audience at issue has been promised its notices
    opening = models.SmallIntegerField(default=ALL, db_default=ALL)  # the last rank whose notices may leave
    opening_since = When(null=True)  # since when everything of that rank has been tried
    first_look = models.JSONField(default=list, db_default=Value([], models.JSONField()))  # people who see the notice first

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
    expected = models.IntegerField(null=True)  # the people whom they expected, from a source of their own


class Refusal(models.Model):
    """An approver's no, with its reason: the version was a draft again from then on."""

    version = models.ForeignKey(Version, models.CASCADE, related_name="+")
    operator = Name()
    bundle_digest = Name()
    why = Text()
    at = When()


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
    end_proposed_by = Name(default="")
    end_proposed_at = When(null=True)
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
