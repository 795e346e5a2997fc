"""The codes of a directive's text and of the names in it; part of the catalogue (core/codes.py)."""

from countermand.core.code import INTEGRITY, Code

DOCUMENT_CODES: dict[str, Code] = {
    # -- the directive document (lib.yaml, core.schema) --
    "not-text": Code("The file is not text: {why}.", "Save it as plain text in UTF-8."),
    "document-too-large": Code(
        "The document has {size} characters; at most {most} are read.", "Check that it is the right file."
    ),
    "document-too-deep": Code("The document nests deeper than {most} levels.", "Check that it is the right file."),
    "document-empty": Code("The document is empty.", "See 'countermand schema' and the examples for what to write."),
    "not-a-mapping": Code("The document is not a list of keys and values.", "Begin with 'schema: countermand/v1'."),
    "broken-yaml": Code("This is not readable YAML: {problem}.", "{hint}"),
    "yaml-feature": Code(
        "The document uses {what}, which a directive may not.",
        "Write the value itself: what people sign must read alike for all.",
    ),
    "duplicate-key": Code("The key {key!r} stands here a second time, after line {line}.", "Keep one of the two."),
    "unknown-key": Code("There is no key {key!r} here; nearest: {nearest}.", "Write one of: {known}."),
    "missing-key": Code("The key {key!r} is missing.", "Add it: {wanted}."),
    "wrong-form": Code("{value} cannot stand here.", "Write {wanted}."),
    "wrong-schema": Code("{value} is not a version of the document that this program reads.", "Write 'schema: countermand/v1'."),
    "not-one-of": Code("{value} is none of the words that may stand here; nearest: {nearest}.", "Write one of: {allowed}."),
    "said-twice": Code("The list {value} says something twice.", "Say it once."),
    "too-long": Code("The text is longer than {most} characters.", "Shorten it."),
    "too-many": Code("The list has more than {most} items.", "Use a named list or a group instead."),
    "not-a-duration": Code(
        "{value} is not a span of time.", "Write a number above 0 and d, h or m, at most ten years: 7d, 72h, 15m."
    ),
    "not-a-share": Code("{value} is not a share.", "Write a part of the whole above 0 % and up to 100 %: 1%, 12.5%."),
    "not-a-day": Code("{value} is not a day of the calendar.", "Write year-month-day: 2020-07-17."),
    "not-a-local-time": Code(
        "{value} is not a time on the wall clock.",
        "Write 2020-07-17T17:00 without an offset, or a day alone; the zone has its own key.",
    ),
    "unknown-zone": Code("{value} is no time zone; nearest: {nearest}.", "Write an IANA name such as Europe/Berlin."),
    "empty-selector": Code(
        "This selector names nothing.", "Write one or more of app, product, publisher, owner, category, owner_country, list."
    ),
    "due-at-or-after": Code(
        "A due is either 'at' a time or 'after' a span.", "Write one of the two: at: 2020-07-17T17:00, or after: 7d."
    ),
    "nothing-ordered": Code(
        "The document orders nothing.", "Name apps under 'prohibits', or a rule of behaviour under 'conduct'."
    ),
    "allow-list-not-a-directive": Code(
        "A list of what alone is allowed is another kind of rule than a directive.",
        "Name what is prohibited under 'prohibits', and keep the list of allowed apps in the device management.",
    ),
    "conduct-not-enforceable": Code(
        "No report can prove a rule of conduct, so nothing can be enforced by it.",
        "Write 'consequence: report_only', no 'prohibits' beside it, and ask for no grade of evidence but 'attested'.",
    ),
    "deny-without-due": Code(
        "Mail is to be denied, but from when is not said.", "Add 'due', or write 'consequence: report_only'."
    ),
    "recommendation-cannot-deny": Code(
        "Mail is to be denied, but nothing here is mandatory.",
        "Make one ownership 'mandatory', or write 'consequence: report_only'.",
    ),
    "rings-not-growing": Code(
        "The share {value} is not larger than the one before, {before}.", "Shares are cumulative: let them grow."
    ),
    "rings-not-complete": Code(
        "The last ring holds {value} of the people.", "Let the last ring be 100%: the order is for all in scope."
    ),
    "sunset-before-due": Code("It ends on {sunset}, before it is due ({due}).", "Move one of the two."),
    "exemptions-without-grounds": Code(
        "A longest exemption is set, but no ground for one.", "Name the grounds, or leave both out."
    ),
    # -- names that the catalogue knows, or does not --
    "unknown-product": Code(
        "The catalogue knows no product {name!r}; nearest: {nearest}.",
        "Write one of its names exactly, or the id itself, as app: ios:ID or app: android:ID.",
    ),
    "unknown-publisher": Code("The catalogue knows no publisher {name!r}; nearest: {nearest}.", "Write its name exactly."),
    "unknown-owner": Code("The catalogue knows no owner {name!r}; nearest: {nearest}.", "Write its name exactly."),
    "unknown-category": Code("There is no category {name!r}.", "Write one of: {nearest}."),
    "unknown-country": Code("{name!r} is not a country's code.", "Write two letters (ISO 3166-1), for example CN."),
    "unknown-list": Code("The catalogue knows no list {name!r}; nearest: {nearest}.", "Write its id or its name exactly."),
    "unknown-app": Code(
        "The catalogue knows no app id {name!r}; nearest: {nearest}.",
        "Ids match whole and by case. Write the platform before an id it does not know: ios:ID or android:ID.",
    ),
    "id-not-reported": Code(
        "No device reports {name!r}: it names {product} in a store or on another platform.",
        "Write product: {product}, or the bundle id or package name.",
    ),
    "catalogue-row": Code("Line {line} of {file} is unusable: {why}.", "Correct the catalogue's file.", INTEGRITY, 500),
    "orders-entry": Code("Order {name!r} of the register is unusable: {why}.", "Correct the register's file.", INTEGRITY, 500),
}
