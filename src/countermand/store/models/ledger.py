"""The tables of the ledger."""

from django.db import models

from countermand.store.fields import Name, Text, When


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
