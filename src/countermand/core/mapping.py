"""Somebody else's table read as ours: which of their columns is which of ours, and what their values mean here.

A mapping is TOML::

    [columns]
    serial = "Serial Number"        # our column = the header of theirs
    [values.ownership]
    "Company owned" = "corporate"   # what stands there = what we call it
    [fixed]
    platform = "ios"                # what their table does not say

Of several tables at once (Parquet) each part stands below its table: ``[devices.columns]``. Pure: what a mapping says is read
here, and applied where a table's header is read (core.table, lib.parquet). Columns of theirs that nothing is read from are passed
over.
"""

import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from countermand.core.errors import Refused, RefusedMany, Where
from countermand.core.forms import nearest
from countermand.core.table import ColumnMapping as ColumnMapping

_NAME = "mapping"
_PARTS = ("columns", "values", "fixed")


def parse(text: str, known: Sequence[str]) -> ColumnMapping:
    """The mapping for a table whose columns are ``known``. Refused ``mapping-damaged``; RefusedMany with every ``mapping-column``
    that there is not, and every ``mapping-damaged`` entry."""
    return _table(_said(text), known, "")


def parse_tables(text: str, known: Mapping[str, Sequence[str]]) -> Mapping[str, ColumnMapping]:
    """Table → its mapping, of those whose columns are ``known``. Refused as ``parse``, and ``mapping-table`` for another."""
    said = _said(text)
    wrongs = [_strange_table(name, known) for name in said if name not in known]
    wrongs += [_damaged(name, "it is not a table") for name, one in said.items() if name in known and not isinstance(one, dict)]
    if wrongs:
        raise RefusedMany(wrongs)
    return {name: _table(one, known[name], f"{name}.") for name, one in said.items()}


def _said(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as wrong:
        raise Refused("mapping-damaged", Where(file=_NAME), why=str(wrong)[:200]) from wrong


def _table(said: Mapping[str, Any], known: Sequence[str], below: str) -> ColumnMapping:
    """``below``: what stands before each part's name."""
    wrongs = [_damaged(f"{below}{part}", "there is no such part") for part in said if part not in _PARTS]
    values = said.get("values", {})
    texts = {"columns": said.get("columns", {}), "fixed": said.get("fixed", {})}
    texts |= {f"values.{column}": one for column, one in values.items()} if isinstance(values, dict) else {"values": values}
    for part, one in texts.items():
        if not isinstance(one, dict) or not all(isinstance(value, str) for value in one.values()):
            wrongs.append(_damaged(f"{below}{part}", "it is not a table of texts"))
            continue
        named = [part.removeprefix("values.")] if part.startswith("values") else list(one)
        wrongs += [_unknown(f"{below}{part}", column, known) for column in named if column not in known]
    if wrongs:
        raise RefusedMany(wrongs)
    columns, fixed = texts["columns"], texts["fixed"]
    headers = list(columns.values())
    wrongs = [_damaged(f"{below}columns.{one}", "it is fixed as well") for one in columns if one in fixed]
    wrongs += [_damaged(f"{below}values.{one}", "the column is fixed") for one in values if one in fixed]
    again = {one: theirs[:60] for one, theirs in columns.items() if headers.count(theirs) > 1}
    wrongs += [_damaged(f"{below}columns.{one}", f"{theirs!r} is read as two of our columns") for one, theirs in again.items()]
    if wrongs:
        raise RefusedMany(wrongs)
    return ColumnMapping(known, columns, values, fixed)


def _damaged(part: str, why: str) -> Refused:
    return Refused("mapping-damaged", Where(file=_NAME, field=part[:60]), why=why)


def _unknown(part: str, column: str, known: Sequence[str]) -> Refused:
    where = Where(file=_NAME, field=part[:60])
    return Refused("mapping-column", where, name=column[:60], nearest=nearest(column, known) or "none", known=", ".join(known))


def _strange_table(name: str, known: Mapping[str, Sequence[str]]) -> Refused:
    where, tables = Where(file=_NAME, field=name[:60]), list(known)
    return Refused("mapping-table", where, name=name[:60], nearest=nearest(name, tables) or "none", known=", ".join(tables))
