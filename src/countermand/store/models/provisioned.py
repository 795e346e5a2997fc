"""The tables of provisioning: what a directory said of people and groups over SCIM, and how many left a carve-out lately."""

from django.db import models

from countermand.store.fields import Name, Text, When
from countermand.store.models.fleet import Group, Person


class Provisioned(models.Model):
    """A person as a directory made them. ``made`` counts how often, so that an id is never given twice; ``said``: the resource,
    as far as it is kept, as JSON; ``gone``: deleted there. ``held``: the held batch in which their leaving waits."""

    person = models.OneToOneField(Person, models.CASCADE, primary_key=True, related_name="+")
    made = models.IntegerField(default=0)
    external = Name(default="", db_index=True)
    user_name = Name(default="", db_index=True)  # as logins are spelled, to be found by
    said = Text(default="")
    gone = models.BooleanField(default=False)
    held = models.IntegerField(null=True)
    former = Text(default="")  # logins before this one, one to a line
    created = When()
    modified = When()


class ProvisionedGroup(models.Model):
    """A group's number and what a directory calls it. Every group has one, also those that only a file ever named."""

    group = models.OneToOneField(Group, models.CASCADE, related_name="+")
    external = Name(default="", db_index=True)
    created = When(default=0)
    modified = When(default=0)


class Departure(models.Model):
    """How many left a carve-out within an hour, one request at a time; group '' is the directory itself."""

    group = Name()
    hour = models.BigIntegerField()
    people = models.IntegerField(default=0)

    class Meta:
        unique_together = [("group", "hour")]


class Listed(models.Model):
    """A person whom a directory lists that is read (LDAP): ``key`` stays theirs whatever else changes. Who is listed no more has
    left."""

    person = models.OneToOneField(Person, models.CASCADE, primary_key=True, related_name="+")
    key = Name(unique=True)
