"""Lines for a SIEM: OCSF (https://schema.ocsf.io, class 6003 API Activity, version 1.3.0) and CEF (ArcSight, revision 25).

Both say who did what, when, to which directive; subjects stay commitments.
"""

import json
import re
from typing import Any

from countermand.signals.event import Event

_OCSF = "1.3.0"
_API_ACTIVITY, _APPLICATION = 6003, 6
#: OCSF activity ids: create, update, delete, other.
_CREATE, _UPDATE, _DELETE, _OTHER = 1, 3, 4, 99
_ACTIVITIES = {
    "added": _CREATE, "written": _CREATE, "proposed": _CREATE, "removed": _DELETE, "forgotten": _DELETE, "erased": _DELETE,
    "issued": _UPDATE, "approved": _UPDATE, "halted": _UPDATE, "resumed": _UPDATE, "rescinded": _UPDATE, "superseded": _UPDATE,
    "withdrawn": _UPDATE, "paused": _UPDATE,
}  # fmt: skip
#: Words of a kind that somebody who watches should see first.
_GRAVE = frozenset({"rescinded", "halted", "restored", "rotated"})
_HIGH, _INFORMATIONAL = 4, 1


def ocsf(one: Event) -> str:
    """One line of JSON."""
    activity, severity = _activity(one.kind), _HIGH if _grave(one.kind) else _INFORMATIONAL
    plain: dict[str, Any] = {
        "activity_id": activity,
        "category_uid": _APPLICATION,
        "class_uid": _API_ACTIVITY,
        "type_uid": _API_ACTIVITY * 100 + activity,
        "severity_id": severity,
        "time": one.at,
        "status_id": 1,
        "metadata": {
            "version": _OCSF,
            "uid": one.id,
            "sequence": one.leaf,
            "product": {"name": "Countermand", "vendor_name": "Countermand"},
        },
        "actor": {"user": {"name": one.actor}},
        "api": {"operation": one.kind, "service": {"name": "countermand"}},
        "src_endpoint": {"svc_name": one.origin},
        "unmapped": {"about": dict(one.about), "subjects": list(one.subjects)},
    }
    if one.batch is not None:
        plain["unmapped"]["batch"] = {"count": one.batch.count, "root": one.batch.root}
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"))


def cef(one: Event) -> str:
    """One line. What it is about stands in it as JSON under ``cs1``; line breaks and signs of the format are escaped."""
    severity = "8" if _grave(one.kind) else "3"
    words = _headed(one.kind.replace("-", " "))
    head = "|".join(["CEF:0", "Countermand", "Countermand", "1", _headed(one.kind), words, severity])
    about = json.dumps(dict(one.about), ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    pairs = {
        "rt": str(one.at),
        "externalId": one.id,
        "suser": one.actor,
        "act": one.kind,
        "dvchost": one.origin,
        "cn1Label": "leaf",
        "cn1": str(one.leaf),
        "cn2Label": "subjects",
        "cn2": str(one.batch.count if one.batch else len(one.subjects)),
        "cs1Label": "about",
        "cs1": about,
    }
    return f"{head}|" + " ".join(f"{name}={_extended(value)}" for name, value in pairs.items())


FORMS = {"ocsf": ocsf, "cef": cef}


def _activity(kind: str) -> int:
    return next((_ACTIVITIES[word] for word in reversed(kind.split("-")) if word in _ACTIVITIES), _OTHER)


def _grave(kind: str) -> bool:
    return not _GRAVE.isdisjoint(kind.split("-"))


def _headed(text: str) -> str:
    return re.sub(r"[\r\n]+", " ", text.replace("\\", "\\\\").replace("|", "\\|"))


def _extended(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("=", "\\=")
    return escaped.replace("\r", "\\r").replace("\n", "\\n")
