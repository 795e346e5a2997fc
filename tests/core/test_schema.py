"""core.schema: what a document means, what it may leave unsaid, and every refusal with its place."""

import json
from datetime import date, datetime
from typing import Any

import pytest
from documents import FOUNDING, SMALL, directive, document
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from countermand.core.canonical import canonical
from countermand.core.coverage import Grade
from countermand.core.devices import Ownership, Platform
from countermand.core.directive import Consequence, Due, Evidence, Force, GateRules, OnUnknown, Ring, Rollout, Selector, StageKind
from countermand.core.errors import Refused, RefusedMany
from countermand.core.instants import DAY, HOUR
from countermand.core.schema import SCHEMA, read
from countermand.lib.yaml import load


def problems(text: str) -> list[Refused]:
    """The refusals of a text, each shown once so that its words are known to be whole."""
    loaded = load(text, "d.yaml")
    with pytest.raises(RefusedMany) as refused:
        read(loaded.plain, loaded.where)
    assert all(problem.sentence and problem.remedy for problem in refused.value.problems)
    return refused.value.problems


def codes(plain: dict[str, Any]) -> dict[str | None, str]:
    """Field → code of a document's refusals."""
    with pytest.raises(RefusedMany) as refused:
        read(plain)
    return {problem.where.field if problem.where else None: problem.code for problem in refused.value.problems}


# -- what is read --


def test_the_founding_document_is_read_whole() -> None:
    text = load(FOUNDING, "founding.yaml")
    read_ = read(text.plain, text.where)
    assert read_.prohibits == (Selector(product="TikTok"), Selector(owner="ByteDance", except_=(Selector(product="Lark"),)))
    assert read_.applies_to.people.countries == {"NO"}
    assert read_.applies_to.unregistered is OnUnknown.DENY
    assert read_.applies_to.force[Ownership.CONTRACTOR] is Force.RECOMMENDATION
    assert read_.due == Due(at=datetime.fromisoformat("2020-07-17T17:00"), zone="recipient", fallback_zone="Europe/Berlin")
    assert read_.reminders == (3 * DAY, DAY, 2 * HOUR)
    assert read_.rollout == Rollout((Ring(0.01, 4 * HOUR), Ring(0.1, DAY), Ring(1.0)), 0.1)
    assert read_.stages[0].what is StageKind.IDENTIFY
    assert read_.sunset == date(2021, 1, 17)
    assert read_.exemptions.max_duration == 365 * DAY
    assert read_.grounds[0].as_of == date(2020, 7, 6)
    assert read_.source == text.plain
    assert read(json.loads(canonical(read_.source))) == read_


def test_what_is_left_unsaid() -> None:
    read_ = directive()
    grades = {Ownership.CORPORATE: Grade.INVENTORY, Ownership.PERSONAL: Grade.ATTESTED, Ownership.CONTRACTOR: Grade.ATTESTED}
    assert read_.minimum_notice == 72 * HOUR
    assert read_.audience == "in_scope"
    assert read_.evidence == Evidence(7 * DAY, grades, OnUnknown.ALLOW)
    assert read_.rollout == Rollout((Ring(1.0),))
    assert read_.gate == GateRules(24 * HOUR, OnUnknown.ALLOW)
    assert read_.applies_to.platforms == set(Platform)
    assert set(read_.applies_to.force.values()) == {Force.MANDATORY}
    assert read_.comply_by == {"remove_app"}
    assert read_.notices["rescinded"] == "default"
    assert (read_.due, read_.sunset, read_.stages, read_.reminders) == (None, None, (), ())


def test_a_named_grade_replaces_only_itself() -> None:
    read_ = directive(evidence={"minimum_grade": {"personal": "prevented"}})
    assert read_.evidence.minimum_grade[Ownership.PERSONAL] is Grade.PREVENTED
    assert read_.evidence.minimum_grade[Ownership.CORPORATE] is Grade.INVENTORY


def test_a_zone_of_its_own_stands_for_people_without_one() -> None:
    assert directive(due={"at": "2020-07-17", "zone": "Europe/Brussels"}).fallback_zone == "Europe/Brussels"
    assert directive(due={"at": "2020-07-17"}).fallback_zone == "UTC"


def test_a_day_as_a_due_means_its_end() -> None:
    due = directive(due={"at": "2020-07-17"}).due
    assert due is not None
    assert due.at == datetime.fromisoformat("2020-07-18")


def test_a_conduct_rule_is_attested() -> None:
    read_ = directive(prohibits=None, conduct="Do not make posts with it.")
    assert set(read_.evidence.minimum_grade.values()) == {Grade.ATTESTED}
    assert read_.prohibits == ()


# -- what is refused --

DENY = {"consequence": "deny_mail", "due": {"after": "7d"}}
FORCE = {"corporate": "recommendation", "personal": "out_of_scope", "contractor": "out_of_scope"}
CONDUCT = {"prohibits": None, "conduct": "Do not."}


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"permits": [{"product": "Lark"}]}, "permits", "allow-list-not-a-directive"),
        ({"permits": None, "prohibits": None}, "prohibits", "nothing-ordered"),
        ({"consequence": "deny_mail"}, "consequence", "deny-without-due"),
        ({**DENY, "applies_to": {"force": FORCE}}, "consequence", "recommendation-cannot-deny"),
        ({"consequence": "deny_mail", "applies_to": {"force": FORCE}}, "consequence", "recommendation-cannot-deny"),
        ({**CONDUCT, **DENY}, "consequence", "conduct-not-enforceable"),
        ({**CONDUCT, "consequence": "deny_mail"}, "consequence", "conduct-not-enforceable"),
        ({**CONDUCT, "consequence": "hand_over"}, "consequence", "conduct-not-enforceable"),
        ({"conduct": "Do not."}, "prohibits", "conduct-not-enforceable"),
        (
            {**CONDUCT, "evidence": {"minimum_grade": {"corporate": "inventory"}}},
            "evidence.minimum_grade.corporate",
            "conduct-not-enforceable",
        ),
        ({"schema": "countermand/v2"}, "schema", "wrong-schema"),
        ({"id": "No"}, "id", "wrong-form"),
        ({"id": "no-tiktok\n"}, "id", "wrong-form"),
        ({"id": "a" * 65}, "id", "too-long"),
        ({"id": 7}, "id", "wrong-form"),
        ({"title": "Two\nlines"}, "title", "wrong-form"),
        ({"title": "Turned\u202ed"}, "title", "wrong-form"),
        ({"title": ""}, "title", "wrong-form"),
        ({"reason": "\x07"}, "reason", "wrong-form"),
        ({"reason": "\ud800"}, "reason", "wrong-form"),
        ({"reason": "a" * 20001}, "reason", "too-long"),
        ({"prohibits": []}, "prohibits", "wrong-form"),
        ({"prohibits": {"product": "TikTok"}}, "prohibits", "wrong-form"),
        ({"prohibits": [{}]}, "prohibits[0]", "empty-selector"),
        ({"prohibits": [{"except": [{"product": "Lark"}]}]}, "prohibits[0]", "empty-selector"),
        ({"prohibits": [{"app": "com.zhiliaoapp.*"}]}, "prohibits[0].app", "wrong-form"),
        ({"prohibits": [{"app": "windows:a"}]}, "prohibits[0].app", "wrong-form"),
        ({"prohibits": [{"owner_country": "China"}]}, "prohibits[0].owner_country", "wrong-form"),
        ({"prohibits": [{"product": "TikTok"}, {"product": "TikTok"}]}, "prohibits", "said-twice"),
        (
            {"prohibits": [{"owner": "B", "except": [{"owner": "C", "except": []}]}]},
            "prohibits[0].except[0].except",
            "unknown-key",
        ),
        ({"audience": "everyone"}, "audience", "not-one-of"),
        ({"consequence": "deny-mail"}, "consequence", "not-one-of"),
        ({"consequence": None}, "consequence", "missing-key"),
        (
            {"applies_to": {"force": {"corporate": "mandatory", "personal": "mandatory"}}},
            "applies_to.force.contractor",
            "missing-key",
        ),
        ({"applies_to": {"devices": {"platforms": ["windows"]}}}, "applies_to.devices.platforms[0]", "not-one-of"),
        ({"applies_to": {"devices": {"reads_mail": "yes"}}}, "applies_to.devices.reads_mail", "wrong-form"),
        ({"due": {}}, "due", "due-at-or-after"),
        ({"due": {"at": "2020-07-17", "after": "7d"}}, "due", "due-at-or-after"),
        ({"due": {"at": "2020-07-17T17:00Z"}}, "due.at", "not-a-local-time"),
        ({"due": {"at": "2020-07-17T25:00"}}, "due.at", "not-a-local-time"),
        ({"due": {"at": "next Friday"}}, "due.at", "not-a-local-time"),
        ({"due": {"after": "1w"}}, "due.after", "not-a-duration"),
        ({"due": {"after": "7d", "zone": "Mars/Olympus"}}, "due.zone", "unknown-zone"),
        ({"due": {"after": "7d", "zone": "../../etc/passwd"}}, "due.zone", "unknown-zone"),
        ({"due": {"after": "7d", "fallback_zone": "recipient"}}, "due.fallback_zone", "unknown-zone"),
        ({"minimum_notice": 72}, "minimum_notice", "not-a-duration"),
        ({"minimum_notice": "99999d"}, "minimum_notice", "not-a-duration"),
        ({"minimum_notice": "-1h"}, "minimum_notice", "not-a-duration"),
        ({"evidence": {"max_age": "0h"}}, "evidence.max_age", "not-a-duration"),
        ({"evidence": {"minimum_grade": {"personal": "none"}}}, "evidence.minimum_grade.personal", "not-one-of"),
        ({"evidence": None, "gate": {"max_staleness": "0m"}}, "gate.max_staleness", "not-a-duration"),
        ({"stages": [{"due": "2020-07-12"}]}, "stages[0].what", "missing-key"),
        ({"stages": [{"what": "identify", "due": "2020-02-30"}]}, "stages[0].due", "not-a-day"),
        ({"sunset": "17/01/2021"}, "sunset", "not-a-day"),
        ({"sunset": "2020-07-16", "due": {"at": "2020-07-17T17:00"}}, "sunset", "sunset-before-due"),
        ({"reminders": ["0d"]}, "reminders[0]", "not-a-duration"),
        ({"exemptions": {"max_duration": "365d"}}, "exemptions.grounds", "exemptions-without-grounds"),
        ({"rollout": {"rings": [{"share": "0%"}]}}, "rollout.rings[0].share", "not-a-share"),
        ({"rollout": {"rings": [{"share": "101%"}]}}, "rollout.rings[0].share", "not-a-share"),
        ({"rollout": {"rings": [{"share": "10%"}]}}, "rollout.rings[0].share", "rings-not-complete"),
        (
            {"rollout": {"rings": [{"share": "50%"}, {"share": "50%"}, {"share": "100%"}]}},
            "rollout.rings[1].share",
            "rings-not-growing",
        ),
        ({"notices": {"issued": "default"}}, "notices.rescinded", "missing-key"),
        ({"grounds": [{"claim": "x", "source": "javascript:alert(1)"}]}, "grounds[0].source", "wrong-form"),
        ({"vendor": {"contacted": True}}, "vendor.contacted", "wrong-form"),
    ],
)
def test_each_refusal_alone(changes: dict[str, Any], field: str, code: str) -> None:
    assert codes(document(**changes)) == {field: code}


def test_a_null_is_not_a_missing_key() -> None:
    assert codes({**SMALL, "evidence": None}) == {"evidence": "wrong-form"}


def test_what_is_no_mapping_is_refused() -> None:
    assert codes([]) == {None: "not-a-mapping"}  # type: ignore[arg-type]


@pytest.mark.parametrize("key", sorted(SCHEMA["required"]))
def test_required_keys(key: str) -> None:
    plain = {name: value for name, value in SMALL.items() if name != key}
    assert codes(plain) == {key: "missing-key"}


@pytest.mark.parametrize(
    ("written", "mended", "place", "nearest"),
    [
        ("reminders:", "remindrs:", (20, 1, "remindrs"), "reminders"),
        ("sunset:", "Sunset:", (26, 1, "Sunset"), "sunset"),
        ("max_age:", "maximum_age:", (22, 12, "evidence.maximum_age"), "max_age"),
        ("zone: recipient", "zone: Berlin", (17, 29, "due.zone"), "Europe/Berlin"),
        ("zone: recipient", "zone: europe/berlin", (17, 29, "due.zone"), "Europe/Berlin"),
        ("zone: recipient", "zone: Los Angeles", (17, 29, "due.zone"), "America/Los_Angeles"),
        ("zone: recipient", "zone: Europe/Berln", (17, 29, "due.zone"), "Europe/Berlin"),
        ("audience: in_scope", "audience: in-scope", (15, 1, "audience"), "in_scope"),
        ("except: [", "exept: [", (10, 5, "prohibits[1].exept"), "except"),
    ],
)
def test_the_place_and_the_nearest(written: str, mended: str, place: tuple[int, int, str], nearest: str) -> None:
    assert written in FOUNDING
    (problem,) = problems(FOUNDING.replace(written, mended))
    assert problem.where is not None
    assert (problem.where.file, problem.where.line, problem.where.column, problem.where.field) == ("d.yaml", *place)
    assert problem.params["nearest"] == nearest
    assert nearest in str(problem)


def test_all_problems_at_once_in_the_order_of_the_text() -> None:
    text = (
        FOUNDING.replace("id: no", "id: No")
        .replace("zone: recipient", "zone: Nowhere/Land")
        .replace("share: 10%,", "share: 1%,")
        .replace("2021-01-17", "2021-13-17")
        .replace("vendor:", "vendors:")
    )
    found = [(problem.where.line if problem.where else 0, problem.code) for problem in problems(text)]
    assert found == [(2, "wrong-form"), (17, "unknown-zone"), (24, "rings-not-growing"), (26, "not-a-day"), (27, "unknown-key")]


def test_permits_is_never_offered() -> None:
    (problem,) = problems(FOUNDING + "permit: [a]\n")
    assert "permits" not in problem.params["known"]


# -- the published schema --


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA


def nodes(node: Any, path: str = "") -> list[tuple[str, dict[str, Any]]]:
    found = [(path, node)] if isinstance(node, dict) else []
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return found + [pair for key, child in children for pair in nodes(child, f"{path}/{key}")]


def test_every_key_has_a_title() -> None:
    bare = [
        f"{path}/{key}"
        for path, node in nodes(SCHEMA)
        if node.get("type") == "object" and "/allOf/" not in path  # rules repeat keys without describing them
        for key, child in node["properties"].items()
        if "title" not in child
    ]
    assert bare == []


def test_the_schema_alone_refuses_what_read_refuses() -> None:
    """Whoever validates with another library finds the same, but for the forms of scalars and rules between numbers."""
    plain = Draft202012Validator(SCHEMA)
    assert plain.is_valid(load(FOUNDING).plain)
    for changes in ({"consequence": "deny_mail"}, {"permits": []}, {**CONDUCT, **DENY}, {"remindrs": []}):
        assert not plain.is_valid(document(**changes))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*SCHEMA["properties"], "x", "at"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(sorted(SCHEMA["properties"])), json_values, max_size=4))
def test_any_json_is_read_or_refused(changes: dict[str, Any]) -> None:
    words = "read"
    try:
        assert read({**SMALL, **changes}).consequence in Consequence
    except RefusedMany as refused:
        words = str(refused)
    assert words
