"""What subjects are made of: a device's name, and its person's; and who shares a mailbox with whom."""

from collections.abc import Collection

from countermand.core.caep import Phone
from countermand.store import bulk, directory, fleet, owners


def named(devices: Collection[int], kind: str) -> dict[int, tuple[Phone, int]]:
    """Device → what it and its person are called, and the person's ordinal; devices of nobody are left out. ``kind``: which of a
    device's names is told; one that has none of that kind, and every device where ``kind`` is '', is told under our own."""
    whose = owners.of(devices)
    people = directory.load(set(whose.values()))
    called: dict[int, str] = {}
    if kind:
        for ordinal, identities in fleet.identities(sorted(whose)).items():
            values = sorted(one.value for one in identities if one.kind == kind)
            called.update({ordinal: values[0]} if values else {})
    return {
        device: (Phone(called.get(device, f"device-{device}"), people[person].login, people[person].email), person)
        for device, person in whose.items()
        if person in people
    }


def sharing(emails: Collection[str]) -> dict[str, set[int]]:
    """Mail address → everybody who is told under it."""
    found: dict[str, set[int]] = {}
    for email, ordinal in bulk.by_texts("SELECT email, ordinal FROM store_person WHERE email IN ({})", emails):
        found.setdefault(email, set()).add(ordinal)
    for login, ordinal in bulk.by_texts("SELECT login, ordinal FROM store_person WHERE email = '' AND login IN ({})", emails):
        found.setdefault(login, set()).add(ordinal)
    return found


def of(people: Collection[int]) -> dict[int, list[int]]:
    """Person → devices."""
    found: dict[int, list[int]] = {}
    for person, device in bulk.by_numbers("SELECT owner_id, ordinal FROM store_device WHERE owner_id IN ({})", people):
        found.setdefault(person, []).append(device)
    return found
