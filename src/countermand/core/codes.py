"""The error catalogue: every stable code with its sentence, remedy, exit code and HTTP status.

A code is never renamed or reused.
"""

from countermand.core.code import CONFLICT, DENIED, HELD, INPUT, INTEGRITY, Code
from countermand.core.codes_console import CONSOLE_CODES
from countermand.core.codes_house import HOUSE_CODES
from countermand.core.codes_levers import LEVER_CODES
from countermand.core.codes_people import PEOPLE_CODES
from countermand.core.codes_streams import STREAM_CODES

CODES: dict[str, Code] = {
    **HOUSE_CODES,
    **CONSOLE_CODES,
    **LEVER_CODES,
    **PEOPLE_CODES,
    **STREAM_CODES,
    # -- finding things --
    "not-found": Code("There is no {what} {name!r}.", "Check the name; nearest: {nearest}.", INPUT, 404),
    # -- the fleet: files --
    "csv-empty": Code("The file is empty.", "Its first line names the columns: {columns}."),
    "csv-delimiter": Code(
        "The columns are separated by {found}.", "Separate them by commas (groups and apps within a cell by ;)."
    ),
    "csv-encoding": Code("Byte {byte} of the line is not UTF-8.", "Save the file as UTF-8."),
    "csv-column-missing": Code("A column is missing.", "The columns are {columns}."),
    "csv-column-unknown": Code("There is no such column.", "Remove it; nearest: {nearest}."),
    "csv-column-twice": Code("The column stands twice.", "Keep one of them."),
    "mapping-damaged": Code("The mapping cannot be read: {why}.", "Write it as `docs/connect.md` shows."),
    "mapping-column": Code(
        "The mapping names a column {name!r} that we do not have; nearest: {nearest}.", "Write one of: {known}."
    ),
    "mapping-table": Code(
        "The mapping names a table {name!r} that we do not have; nearest: {nearest}.", "Write one of: {known}."
    ),
    "mapping-missing": Code(
        "The file has no column {column!r}; nearest: {nearest}.", "Write in [columns] what the file has: {columns}."
    ),
    "csv-cells": Code("The row has {found} cells where the header has {expected}.", "Quote cells that hold commas."),
    "csv-quote": Code(
        "A quote is opened and not closed, or stands inside a cell.", "Close it on the same line; write a quote as two."
    ),
    "csv-long": Code(
        "The line or a cell in it is longer than {limit}.", "Look for a quote that is not closed, and shorten the cell."
    ),
    "csv-field-long": Code("The cell has {length} characters.", "Write at most {limit}."),
    "csv-nul": Code("The line holds a NUL character.", "Remove it; the file may be damaged, or saved as UTF-16."),
    "csv-control": Code("The cell holds a control character.", "Remove it."),
    "csv-formula": Code("{value!r} would be a formula in a spreadsheet.", "Remove the first character, or move it."),
    "csv-value": Code("{value!r} is not {what}.", "Write {write}."),
    "csv-twice": Code("{value!r} stands in row {first} already.", "Keep one row for it."),
    "csv-more": Code("{count} more problems of this file are not shown.", "Mend those above and try again."),
    # -- the fleet: Parquet in bulk --
    "parquet-nothing": Code("There is no table of a fleet in {path}.", "Name the files after their tables: {known}."),
    "parquet-unreadable": Code("{path} cannot be read as Parquet: {why}.", "Write the file again, or find a whole copy."),
    "parquet-column-missing": Code(
        "The column is missing; nearest: {nearest}.", "`countermand schema --parquet` lists the columns of {table}."
    ),
    "parquet-column-type": Code(
        "The column holds {found}, not a {kind}.", "`countermand schema --parquet` says what stands there."
    ),
    "app-time-missing": Code(
        "Nothing says when this app was seen.", "Fill observed_at here or in the device's row: 2020-07-10T09:30:00Z."
    ),
    "device-row-missing": Code("No row of devices is named {device!r}.", "Add the device, or remove its apps."),
    "load-errors": Code("Nothing was written: {count} problems.", "{path} lists every one, with its row."),
    "load-running": Code("Another load writes already.", "Wait until it has ended, or stop it.", CONFLICT, 409),
    "load-overtaken": Code(
        "While this load ran, something changed that it was checked against: {what}.",
        "Run it again: it checks anew and goes on; what was written stays.",
        CONFLICT,
        409,
    ),
    "group-cycle": Code("Groups contain each other: {cycle}.", "Remove one of these memberships."),
    "person-unknown": Code("Nobody has the login {login!r}.", "Import the people first, or leave the login empty."),
    "identity-elsewhere": Code(
        "{identity} is a name of another device than {other}.", "Retire the old device, or correct the row."
    ),
    "devices-differ": Code(
        "{device} and {other} cannot be one device: each has a serial number of its own, or they have too many names.",
        "Look at both: countermand device show. Retire the one that is gone.",
        CONFLICT,
        409,
    ),
    "time-ahead": Code("{time} is ahead of the clock.", "Correct the clock of whoever wrote it."),
    "event-damaged": Code("The event cannot be read: {why}.", "Take the webhook's body as it was posted."),
    "report-not-delivery": Code(
        "The message is not a report of what became of another: {why}.", "Nothing was taken from it; file it by hand."
    ),
    "report-not-ours": Code("No notice of ours was handed over as {name}.", "Nothing was taken from it; it concerns other mail."),
    "report-early": Code(
        "Whether the notice was handed over is not settled yet.", "Send the report again in a few minutes.", CONFLICT, 503
    ),
    "sns-signature-old": Code("The topic {topic} signs with SHA-1.", "Set its attribute SignatureVersion to 2.", DENIED, 401),
    "provider-away": Code("{host} could not be asked: {why}.", "It is tried again when the provider posts again.", CONFLICT, 503),
    "channel-unfit": Code("The channel {name!r} cannot be used: {why}.", "See docs/employees.md, Second channels."),
    "command-unfit": Code("This command's answer cannot be told: {why}.", "Give the property list as it is enqueued."),
    "nobody-asked": Code("No device is named that is asked.", "Name enrolment ids with --to or --to-file.", INPUT, 400),
    "file-changed": Code("The file changed while it was being imported.", "Import it again."),
    "app-not-watched": Code(
        "{app} is not on the watch list.", "Name apps that a directive names, or add it: `countermand watch`."
    ),
    "device-ownerless": Code(
        "{device} has no owner whose login Dovecot could find.", "Import it with its owner; a login has no space or colon."
    ),
    "device-retired": Code("{device} is retired.", "Import it again; it comes back as a new device.", CONFLICT, 409),
    # -- the fleet: holding back --
    "import-held": Code(
        "The import needs a second look: {why}.", "Check the counts, then run it again with --confirm.", HELD, 409
    ),
    "set-small": Code(
        "{source} reported {count} devices, {last} the last time.", "Check the source; release or drop.", HELD, 409
    ),
    "first-sync": Code(
        "The first sync of {source} waits for a person: {count} devices.", "Check the count; release or drop.", HELD, 409
    ),
    "flood": Code(
        "{source} newly shows watched apps {count} times in an hour; {limit} is usual.", "Check it; release or drop.", HELD, 409
    ),
    "set-shrank": Code("{what} would shrink from {before} to {after}.", "Check the directory; confirm or correct.", HELD, 409),
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
    # -- the life of a version, and what stops an issue (core.lifecycle, core.guardrails) --
    "wrong-state": Code("One cannot {verb} what is {state}.", "What can be done now: {allowed}.", CONFLICT, 409),
    "too-few-approvals": Code(
        "{have} of {need} approvals are there for exactly this bundle ({names}).",
        "Ask other approvers, none of whom wrote it, to sign the bundle {digest}: `approve`, with --resume after a halt.",
        CONFLICT,
        409,
    ),
    "one-operator-recommends-only": Code(
        "With one operator there is nobody to approve, so only recommendations can be issued.",
        "Add a second operator, or make every force 'recommendation'.",
        DENIED,
        403,
    ),
    "expected-people-missing": Code(
        "Nobody said how many people are expected to be told.",
        "Give the number from another source than this fleet.",
        CONFLICT,
        409,
    ),
    "expected-people-differ": Code(
        "{actual} people would be told; {expected} are expected, and between {least} and {most} would pass.",
        "Find out which of the two is wrong before anybody is told.",
        CONFLICT,
        409,
    ),
    "peak-not-acknowledged": Code(
        "Up to {peak} devices would be denied within one hour; {acknowledged} were acknowledged.",
        "Look at the preview again and acknowledge the number, or open it in rings.",
        CONFLICT,
        409,
    ),
    "already-over": Code("Its sunset, {sunset}, has passed.", "Write a new version with a later one.", CONFLICT, 409),
    "not-halted": Code("It is not halted.", "There is nothing to resume.", CONFLICT, 409),
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
    # -- the flows of a directive --
    "lineage-ended": Code("{name} was rescinded; it never comes back.", "Write a directive with another id.", CONFLICT, 409),
    "nothing-issued": Code("No version of {name} is issued.", "Use issue, not supersede.", CONFLICT, 409),
    "issued-already": Code("A version of {name} is issued.", "Use supersede to replace it.", CONFLICT, 409),
    "unknown-ground": Code("{ground!r} is no ground for rescinding.", "Write one of: {known}."),
    "bundle-changed": Code("The bundle is no longer {digest}.", "Look at what changed, and begin again.", CONFLICT, 409),
    "audience-grew": Code(
        "{people} people would be told; at most {most} were approved.",
        "Find out why the audience grew; propose a new version if it is right.",
        HELD,
        409,
    ),
    "catalogue-unmoved": Code("{name} means the ids that were signed.", "There is nothing to amend.", CONFLICT, 409),
    "draft-waits": Code(
        "Version {number} of {name} is {state} already.", "Propose it (again): its ids are worked out then.", CONFLICT, 409
    ),
    # -- exemptions, protected logins, the watch list --
    "exemption-ground": Code("{ground!r} is no ground for an exemption from {name}.", "Its grounds: {known}."),
    "exemption-too-long": Code("Until {until} is longer than {name} allows.", "At the latest until {latest}."),
    "time-passed": Code("{time} has passed.", "Name a later time."),
    "app-form": Code("{app!r} names no app.", "Write ios:ID or android:ID."),
    "exemption-target": Code("{target!r} is not what can be exempt.", "Write person:LOGIN, device:KIND:VALUE or group:NAME."),
    "agreed-already": Code("{agreed} has agreed to it.", "There is nothing left to do.", CONFLICT, 409),
    "ended-already": Code("It has ended.", "Propose a new one.", CONFLICT, 409),
    "protected-already": Code("{login} is protected, or proposed to be.", "There is nothing left to do.", CONFLICT, 409),
    # -- reports and hand-overs --
    "never-issued": Code("{name} was never issued.", "Use preview: it says what the directive would do.", CONFLICT, 409),
    "report-only": Code("{name} ends in a report; nothing is handed over.", "Use report, or write another consequence."),
    "unknown-receipt": Code("{name} has no receipt {number} of format {format}.", "Its receipts: {known}.", INPUT, 404),
    "handed-over-meanwhile": Code(
        "{name} changed while the list was made.", "Nothing was handed over; run it again.", CONFLICT, 409
    ),
    # -- looking somebody up --
    "case-too-long": Code("A case's reference has at most {limit} characters.", "Write its number; it stays in the ledger."),
    "identity-ambiguous": Code("{name!r} names several devices: {kinds}.", "Say which kind: serial:{name}."),
    # -- notices --
    "notice-placeholder": Code("A notice cannot have {placeholder!r} in it.", "Use only these placeholders: {known}."),
    "notice-link": Code(
        "The notice {kind!r} would show a link.",
        "Write where to look in words: notices have no links, so that a copy with one is a fraud.",
    ),
    "days-unreadable": Code("{said!r} is no number of days.", "Give a whole number from 1 to 3,660."),
    "unknown-choice": Code("There is no {what} {name!r}.", "Take one of these: {known}."),
    "picture-needs-chromium": Code(
        "A picture needs Chromium, and there is none in PATH.", "Install Debian's package chromium; or take --format html."
    ),
    "notice-too-long": Code(
        "The notice {kind!r} is longer than {longest} characters.", "Say it shorter; name the page that has the rest."
    ),
    "address-unfit": Code(
        "{address!r} cannot stand as a mail address.", "Write it as name@domain, in ASCII, without a display name."
    ),
    "drill-stays-home": Code(
        "A drill hands nothing to {host} ({address}): that is not this machine.",
        "Set smtp.host to 127.0.0.1 in the drill's configuration.",
        CONFLICT,
        409,
    ),
}
