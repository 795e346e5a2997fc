"""What directories ask before every write is answered from indexes, however many people there are."""

import pytest

from countermand.config import Database
from countermand.store import bulk, provisioned


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("column", sorted(provisioned.BY))
def test_a_person_is_looked_up_and_not_searched_for(store: Database, column: str) -> None:
    query = provisioned.BY[column]
    plan = [str(row[3]) for row in bulk.all_rows(f"EXPLAIN QUERY PLAN {query}", ["x"] * query.count("%s"))]
    assert any("SEARCH" in step for step in plan)
    assert not {"SCAN p", "SCAN s", "SCAN store_person", "SCAN store_provisioned"} & {" ".join(step.split()[:2]) for step in plan}
