"""Two devices that are one, as rows: whatever hangs on the one comes to hang on the other."""

from collections.abc import Mapping

from countermand.store import bulk, claims, evidence, fleet

_MOVED = ("store_identity", "store_attestation", "store_objection", "store_binding")


def join(joined: Mapping[int, int]) -> None:
    """Give everything of each device (left) to another (right), but for its evidence and what sources say of it, which the
    caller has put together; it is retired, nobody's and nameless from here on."""
    pairs = [(into, gone) for gone, into in joined.items()]
    for table in _MOVED:
        bulk.write(f"UPDATE {table} SET device_id = %s WHERE device_id = %s", pairs)
    bulk.write(
        "DELETE FROM store_recheck WHERE device_id = %s AND EXISTS (SELECT 1 FROM store_recheck other WHERE other.device_id = %s"
        " AND other.source = store_recheck.source AND other.lineage = store_recheck.lineage)",
        [(gone, into) for gone, into in joined.items()],
    )
    bulk.write("UPDATE store_recheck SET device_id = %s WHERE device_id = %s", pairs)
    evidence.void(list(joined))
    claims.forget(joined)
    for gone in joined:
        fleet.retire(gone)
