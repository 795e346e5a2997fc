"""The published JSON Schema of a directive (draft 2020-12): every key, what it means, and what may stand there.

It is the whole grammar: what the program refuses about the form of a document is refused by a node of this schema.
``x-code`` names the refusal that a node's failure is (core/codes.py), ``x-field`` where to look for it; a node without
them fails with a general code. Rules between several parts that JSON Schema cannot say stand in core.schema.
"""

from countermand.core.languages import LANGUAGES
from countermand.core.nodes import DEFS, DIALECT, NEVER, OWNERSHIPS, PROSE, VERSION, Node, an_object, choice, many, ref
from countermand.core.notices import Kind

_NAMES: dict[str, Node] = {
    "app": ref("app_id", "App id", "One id. With a platform before it only there, else on every platform that has it."),
    "product": ref("name", "Product", "A product of the catalogue, with all its ids."),
    "publisher": ref("name", "Publisher", "Everything the catalogue lists from this publisher."),
    "owner": ref("name", "Owner", "Everything that this owner owns on the day of expansion."),
    "category": ref("name", "Category", "Everything in this category of the catalogue."),
    "owner_country": ref("country", "Country of the owner"),
    "list": ref("name", "Named list", "The products of a list that the catalogue carries."),
}

_NAMED: Node = {"anyOf": [{"required": [key]} for key in _NAMES], "x-code": "empty-selector"}

_SELECTORS: dict[str, Node] = {}
_SELECTORS["plain_selector"] = an_object(
    "Selector", "Names apps. Keys within one selector intersect; the selectors of a list unite.", dict(_NAMES), allOf=[_NAMED]
)
_EXCEPT = many("Except", "Apps that this selector does not mean.", {"$ref": "#/$defs/plain_selector"}, 1)
_SELECTORS["selector"] = an_object(
    "Selector",
    "Names apps. Keys within one selector intersect; the selectors of a list unite.",
    {**_NAMES, "except": _EXCEPT},
    allOf=[_NAMED],
)

_PEOPLE = an_object(
    "People",
    "Whom it speaks to; no groups and no countries means everyone.",
    {
        "groups": many("Groups", "Members of any of these directory groups.", ref("name", "Group")),
        "countries": many("Countries", "People who work in any of these countries.", ref("country", "Country")),
        "except_groups": many("Except groups", "Members of these are left out.", ref("name", "Group")),
    },
)
_DEVICES = an_object(
    "Devices",
    "On which devices.",
    {
        "platforms": many("Platforms", "Default: all.", choice("Platform", "", "ios", "android"), 1),
        "reads_mail": {
            "title": "Reads mail",
            "description": "true: only devices that are known to read mail; false: all. Default: true.",
            "type": "boolean",
            "default": True,
        },
        "unregistered": choice(
            "Unregistered devices",
            "What a device that nobody knows gets at the mail door, after the due, for people who were told.",
            "allow",
            "deny",
            default="allow",
        ),
    },
)
_FORCES = ("mandatory", "recommendation", "out_of_scope")
_APPLIES_TO = an_object(
    "Applies to",
    "Whom and what it speaks to.",
    {
        "people": _PEOPLE,
        "devices": _DEVICES,
        "force": an_object(
            "Force",
            "How strongly, by ownership. All three must be said; without this key all are mandatory.",
            {
                ownership: choice(ownership.capitalize(), "A recommendation is told and counted, and can never deny.", *_FORCES)
                for ownership in OWNERSHIPS
            },
            *OWNERSHIPS,
        ),
        "network": {
            "title": "Network",
            "description": "true: the order also speaks of a network. Recorded with a warning, not carried out.",
            "type": "boolean",
            "default": False,
        },
    },
)
_DUE = an_object(
    "Due",
    "From when. Either a wall-clock time, or a span counted from issue.",
    {
        "at": ref("local_time", "At"),
        "after": ref("duration", "After", "Counted from issue."),
        "zone": ref("any_zone", "Zone", "Whose wall clock 'at' means. Default: recipient.", default="recipient"),
        "fallback_zone": ref(
            "zone", "Fallback zone", "For people without a zone, and for days without a time. Default: the zone, else UTC."
        ),
    },
    oneOf=[{"required": ["at"]}, {"required": ["after"]}],
    **{"x-code": "due-at-or-after"},
)
_STAGE = an_object(
    "Stage",
    "A tracked step that never denies; without a due it is 'as soon as practicable'.",
    {
        "what": choice("What", "", "identify", "report", "decide", "plan", "begin", "remove"),
        "due": ref("day", "Due"),
    },
    "what",
)
_GRADE = choice("Minimum grade", "The weakest evidence that counts.", "attested", "inventory", "prevented")
_EVIDENCE = an_object(
    "Evidence",
    "What proves that an app is gone.",
    {
        "max_age": ref("positive_duration", "Maximum age", "Older evidence does not count. Default: 7d.", default="7d"),
        "minimum_grade": an_object(
            "Minimum grade",
            "By ownership. Default: corporate inventory, personal and contractor attested; conduct rules attested.",
            dict.fromkeys(OWNERSHIPS, _GRADE),
        ),
        "unknown": choice("Unknown", "What follows, after due, from evidence that has lapsed.", "allow", "deny", default="allow"),
    },
)
_EXEMPTIONS = an_object(
    "Exemptions",
    "On what grounds a person, device or group may be released, and for how long.",
    {
        "grounds": many("Grounds", "The only grounds that count; none named: no exemptions.", ref("slug", "Ground")),
        "max_duration": ref("positive_duration", "Longest exemption"),
    },
)
_ROLLOUT = an_object(
    "Rollout",
    "For how many people denial begins first. Default: for all at once.",
    {
        "rings": many(
            "Rings",
            "In order; shares are cumulative, grow, and end at 100%.",
            an_object(
                "Ring",
                "A share of the people.",
                {
                    "share": ref("share", "Share"),
                    "hold": ref("duration", "Hold", "How long before the next ring may open. Default: 0m."),
                },
                "share",
            ),
            1,
            unique=False,  # two alike are refused as not growing
        ),
        "halt_if": an_object(
            "Halt if",
            "When the product halts the directive by itself.",
            {"denied_share": ref("share", "Denied share", "Denied devices among the told devices of open rings.")},
            "denied_share",
        ),
    },
    "rings",
)
_GATE = an_object(
    "Gate",
    "What a gate does that has lost touch.",
    {
        "max_staleness": ref("positive_duration", "Maximum staleness", "Default: 24h.", default="24h"),
        "on_stale": choice(
            "When stale", "After that: allow everyone, or go on denying whom it denied.", "allow", "deny", default="allow"
        ),
    },
)
_NULLABLE_PROSE: Node = {"type": ["string", "null"], "pattern": PROSE, "minLength": 1, "maxLength": 20000}
_VENDOR = an_object(
    "Vendor",
    "Whether the maker was heard.",
    {
        "contacted": {**_NULLABLE_PROSE, "title": "Contacted", "description": "When and how, or null."},
        "statement": {**_NULLABLE_PROSE, "title": "Statement", "description": "What they said, or null."},
    },
)
_PUBLIC_TEXT = an_object(
    "Public text",
    "What is said in public when it is issued and when it is rescinded.",
    {
        "issued": {**_NULLABLE_PROSE, "title": "Issued", "description": "The text, or null."},
        "rescinded": {**_NULLABLE_PROSE, "title": "Rescinded", "description": "The text, or null."},
    },
)
_WORDS = {"type": "string", "pattern": PROSE, "minLength": 1, "maxLength": 20000}
_NOTICES = an_object(
    "Notices",
    "The words sent to people: 'default', a text of your own for everybody, or one per language. The correction ('rescinded') "
    "must be among them.",
    {
        kind.value: {
            **_WORDS,
            "title": kind.value.replace("-", " ").capitalize(),
            "description": "text, or texts by language",
            "type": ["string", "object"],
            "properties": {tag: {**_WORDS, "title": tag, "description": "text"} for tag in LANGUAGES},
            "additionalProperties": False,
            "minProperties": 1,
            "default": "default",
        }
        for kind in Kind
    },
    "rescinded",
)
_GROUND = an_object(
    "Ground",
    "A claim that the order rests on, and where it was read.",
    {
        "claim": ref("prose", "Claim"),
        "source": {
            "title": "Source",
            "description": "the address of the source, beginning with https:// or http://",
            "type": "string",
            "pattern": r"^https?://[^\s\u0000-\u001f\u007f]+$",
            "maxLength": 2000,
        },
        "as_of": ref("day", "As of", "The day on which it was read."),
    },
    "claim",
)

_PROPERTIES: dict[str, Node] = {
    "schema": {"title": "Schema", "description": f"always {VERSION}", "const": VERSION, "x-code": "wrong-schema"},
    "id": ref("slug", "Id", "Names the lineage; all versions share it."),
    "title": ref("line", "Title"),
    "issuer": ref("line", "Issuer", "Who orders."),
    "reason": ref("prose", "Reason", "Why, in words for the people concerned."),
    "grounds": many("Grounds", "The claims it rests on.", _GROUND),
    "prohibits": many("Prohibits", "Which apps must go.", {"$ref": "#/$defs/selector"}, 1),
    "conduct": ref("prose", "Conduct", "A rule on behaviour, instead of apps. No report can prove it, so nothing enforces it."),
    "permits": {
        "title": "Permits",
        "description": "A list of what alone is allowed is another kind of rule.",
        **NEVER,
        "x-code": "allow-list-not-a-directive",
    },
    "applies_to": _APPLIES_TO,
    "audience": choice(
        "Audience",
        "Who is told: all in scope, or only those on whose device something was found.",
        "in_scope",
        "affected",
        default="in_scope",
    ),
    "consequence": choice(
        "Consequence",
        "What happens after due: mail is denied, a list is handed over to other enforcement, or it is only reported.",
        "deny_mail",
        "hand_over",
        "report_only",
    ),
    "due": _DUE,
    "minimum_notice": ref(
        "duration", "Minimum notice", "Nobody is denied sooner than this after being told. Default: 72h.", default="72h"
    ),
    "stages": many("Stages", "Tracked steps.", _STAGE),
    "reminders": many("Reminders", "How long before a person's due.", ref("positive_duration", "Reminder")),
    "comply_by": many("Comply by", "Default: remove_app.", choice("Way", "A way to comply.", "remove_app", "remove_mail"), 1),
    "evidence": _EVIDENCE,
    "exemptions": _EXEMPTIONS,
    "rollout": _ROLLOUT,
    "gate": _GATE,
    "sunset": ref("day", "Sunset", "The last day on which it holds, in the fallback zone."),
    "vendor": _VENDOR,
    "public_text": _PUBLIC_TEXT,
    "notices": _NOTICES,
}

_DENIES: Node = {"properties": {"consequence": {"const": "deny_mail"}}, "required": ["consequence"]}
_TOOTHLESS: Node = {
    "properties": {
        "applies_to": {
            "type": "object",
            "properties": {
                "force": {
                    "type": "object",
                    "properties": {key: {"enum": ["recommendation", "out_of_scope"]} for key in OWNERSHIPS},
                    "required": list(OWNERSHIPS),
                }
            },
            "required": ["force"],
        }
    },
    "required": ["applies_to"],
}
_PROVABLE = {"inventory", "prevented"}
_CONDUCT_ONLY: Node = {
    "properties": {
        "consequence": {"const": "report_only", "x-code": "conduct-not-enforceable"},
        "prohibits": {**NEVER, "x-code": "conduct-not-enforceable"},
        "evidence": {
            "properties": {
                "minimum_grade": {
                    "additionalProperties": {"not": {"enum": sorted(_PROVABLE)}, "x-code": "conduct-not-enforceable"}
                }
            }
        },
    }
}

SCHEMA: Node = {
    "$schema": DIALECT,
    "$id": "https://countermand.example/schema/v1",
    "title": "Directive",
    "description": "An order that an app must go from the devices that read mail.",
    "type": "object",
    "properties": _PROPERTIES,
    "required": ["schema", "id", "title", "issuer", "reason", "consequence"],
    "additionalProperties": False,
    "allOf": [
        {
            "anyOf": [{"required": ["prohibits"]}, {"required": ["conduct"]}, {"required": ["permits"]}],
            "x-code": "nothing-ordered",
            "x-field": "prohibits",
        },
        {
            "if": {"allOf": [_DENIES, {"not": _TOOTHLESS}, {"not": {"required": ["conduct"]}}]},
            "then": {"required": ["due"], "x-code": "deny-without-due", "x-field": "consequence"},
        },
        {
            "if": {"allOf": [_DENIES, _TOOTHLESS]},
            "then": {**NEVER, "x-code": "recommendation-cannot-deny", "x-field": "consequence"},
        },
        {"if": {"required": ["conduct"]}, "then": _CONDUCT_ONLY},
    ],
    "$defs": {**DEFS, **_SELECTORS},
}
