"""Erasing rows: what says who a person was, or what was on a phone of theirs. Numbers that name nobody any more stay, because
sets, counts and the ledger are made of them."""

from collections.abc import Collection, Mapping

from countermand.store import bulk

#: What stands where a name was.
GONE = "erased"


def count(person: int, login: str, devices: Collection[int]) -> dict[str, int]:
    """How many rows of each kind say something about the person, or about these devices of theirs."""
    of_person = {"notices": "store_notice", "statements": "store_objection", "memberships": "store_membership"}
    found = {name: _one(f"SELECT COUNT(*) FROM {table} WHERE person_id = %s", person) for name, table in of_person.items()}
    found["sightings"] = _one("SELECT COUNT(*) FROM store_sighting WHERE login = %s", login)
    found["exemptions"] = _one("SELECT COUNT(*) FROM store_exemption WHERE kind = 'person' AND target = %s", login)
    of_devices = {"names of devices": "store_identity", "app lists": "store_applist", "answers": "store_looked"}
    for name, table in of_devices.items():
        found[name] = sum(row[0] for row in bulk.by_numbers(f"SELECT COUNT(*) FROM {table} WHERE device_id IN ({{}})", devices))
    return {name: number for name, number in found.items() if number}


def unanswered(person: int) -> bool:
    """Whether something that they said still waits for an answer."""
    return bool(_one("SELECT COUNT(*) FROM store_objection WHERE person_id = %s AND answered_at IS NULL", person))


def erase_person(person: int, login: str) -> None:
    """The person is a number. What was sent is known to have been sent, and nothing of whom."""
    bulk.write(
        "UPDATE store_person SET login = %s, email = '', name = '', zone = '', locale = '', country = '', employment = '',"
        " manager = '', active = %s WHERE ordinal = %s",
        [(f"{GONE}-{person}", False, person)],
    )
    bulk.write("UPDATE store_person SET manager = '' WHERE manager = %s", [(login,)])
    for table in ("store_membership", "store_objection", "store_listed", "store_ringmember"):
        bulk.write(f"DELETE FROM {table} WHERE person_id = %s", [(person,)])
    bulk.write(
        "UPDATE store_provisioned SET said = '', external = '', user_name = '', former = '', held = NULL, gone = %s"
        " WHERE person_id = %s",
        [(True, person)],
    )
    bulk.write("UPDATE store_notice SET message_id = '', answer = '' WHERE person_id = %s", [(person,)])
    bulk.write("UPDATE store_notice SET state = 'void' WHERE person_id = %s AND state IN ('promised', 'claimed')", [(person,)])


def erase_login(login: str) -> None:
    """A login that was the person's, now or before, stands nowhere any more."""
    bulk.write("DELETE FROM store_sighting WHERE login = %s", [(login,)])
    bulk.write('UPDATE store_attestation SET "by" = %s WHERE "by" = %s', [(GONE, login)])
    bulk.write("UPDATE store_exemption SET target = %s WHERE kind = 'person' AND target = %s", [(GONE, login)])
    bulk.write("UPDATE store_protectedlogin SET login = %s, why = '' WHERE login = %s AND ended_at IS NOT NULL", [(GONE, login)])


def erase_devices(devices: Collection[int], names: Mapping[int, Collection[str]]) -> None:
    """Phones of the person's own are numbers too; ``names``: each one's, as ``kind:value``."""
    rows = [(ordinal,) for ordinal in sorted(devices)]
    for table in ("store_identity", "store_attestation", "store_applist", "store_looked", "store_enrolled", "store_recheck"):
        bulk.write(f"DELETE FROM {table} WHERE device_id = %s", rows)
    bulk.write(
        "UPDATE store_device SET model = '', retired = %s, last_seen = NULL WHERE ordinal = %s", [(True, *row) for row in rows]
    )
    targets = [(GONE, name) for of in names.values() for name in of]
    bulk.write("UPDATE store_exemption SET target = %s WHERE kind = 'device' AND target = %s", targets)


def _one(query: str, value: int | str) -> int:
    return int(bulk.all_rows(query, [value])[0][0])
