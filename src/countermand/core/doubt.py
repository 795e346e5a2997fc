"""What is to hold where nothing is known. By itself, because a gate reads it at every start and little else of a directive."""

from enum import StrEnum


class OnUnknown(StrEnum):
    """What follows from not knowing: for unregistered devices, for lapsed evidence, for a stale gate."""

    ALLOW = "allow"
    DENY = "deny"
