"""Devices that only the mail server knows, and their owners' others, read for suggestions of which are one phone."""

from countermand.core.devices import Identity, IdentityKind
from countermand.core.links import Candidate
from countermand.store import bulk, directory, fleet, models

_MAIL_ONLY = (
    "SELECT DISTINCT d.owner_id FROM store_device d JOIN store_identity e ON e.device_id = d.ordinal AND e.kind = 'eas'"
    " WHERE NOT d.retired AND d.owner_id > %s AND NOT EXISTS"
    " (SELECT 1 FROM store_identity i WHERE i.device_id = d.ordinal AND i.kind <> 'eas')"
    " UNION SELECT p.ordinal FROM store_sighting s JOIN store_person p ON p.login = s.login"
    " WHERE s.kind = 'eas' AND p.active AND p.ordinal > %s AND NOT EXISTS"
    " (SELECT 1 FROM store_identity i WHERE i.kind = s.kind AND i.value = s.value)"
    " ORDER BY 1 LIMIT %s"
)


def people(after: int, limit: int) -> list[int]:
    """People with a name at the mail server that no manager of phones knows, from ordinal ``after`` + 1 on, ascending."""
    return [row[0] for row in bulk.all_rows(_MAIL_ONLY, [after, after, limit])]


def candidates(owners: list[int]) -> list[Candidate]:
    """All their devices, and the unregistered names that were seen with their logins."""
    logins = directory.logins(owners)
    ordinals = directory.devices_of(owners)
    rows, names = fleet.load(ordinals), fleet.identities(ordinals)
    found = [
        Candidate(
            ordinal, logins[row.owner], tuple(names.get(ordinal, ())), row.platform, row.model, row.last_seen
        )
        for ordinal, row in rows.items()
        if not row.retired and row.owner in logins
    ]  # fmt: skip
    seen = models.Sighting.objects.filter(kind="eas", login__in=list(logins.values())).order_by("login", "value")
    eas = [(row.login, Identity(IdentityKind.EAS, row.value), row.last) for row in seen]
    known = fleet.find({identity for _, identity, _ in eas})
    return found + [Candidate(None, login, (identity,), None, "", last) for login, identity, last in eas if identity not in known]
