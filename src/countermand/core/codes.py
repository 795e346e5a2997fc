"""The error catalogue: every stable code with its sentence, remedy, exit code and HTTP status.

Sentences and remedies are ``str.format`` templates over the refusal's parameters. A code is never renamed
or reused. Exit codes: 2 bad input, 3 not allowed, 4 not possible now, 5 held for a person, 6 integrity.
"""

from countermand.core.code import CONFLICT, DENIED, HELD, INPUT, INTEGRITY, Code
from countermand.core.codes_document import DOCUMENT_CODES
from countermand.core.codes_ledger import LEDGER_CODES

CODES: dict[str, Code] = {
    **DOCUMENT_CODES,
    **LEDGER_CODES,
    # -- who may (access) --
    "not-signed-in": Code("No operator is named.", "Set COUNTERMAND_TOKEN to your operator token.", DENIED, 401),
    "not-allowed": Code("{actor} may not {action}.", "Ask somebody with the role {roles}.", DENIED, 403),
    # -- a drill's clock --
    "clock-is-real": Code("The clock can be moved only in a drill.", "Make a drill with: countermand drill", CONFLICT, 409),
    "clock-runs-forward": Code("It is later than {to} already.", "Name a later time.", CONFLICT, 409),
    # -- finding things --
    "not-found": Code("There is no {what} {name!r}.", "Check the name; nearest: {nearest}.", INPUT, 404),
    # -- opening an installation (reads/installation) --
    "no-installation": Code(
        "There is no Countermand database at {path}.", "Run `countermand init`, or name --config.", INPUT, 404
    ),
    "database-unreachable": Code(
        "The database {place} cannot be opened: {problem}.",
        "Start the server, or correct database in the configuration.",
        CONFLICT,
        503,
    ),
    # -- backup, restore, upgrade (flows) --
    "backup-exists": Code("There is a file {file} already.", "Name a new one; a backup never replaces another.", CONFLICT, 409),
    "backup-unwritable": Code("The backup {file} cannot be written: {why}.", "Make room, or name another place.", CONFLICT, 507),
    "backup-damaged": Code("{file} cannot be restored: {why}.", "Take another backup; this one is not whole.", INTEGRITY, 422),
    "restore-over-live": Code(
        "There is a database at {path} already.",
        "Look whether it is the newer one. To put the backup in its place, say so: --replace.",
        CONFLICT,
        409,
    ),
    "restore-while-running": Code(
        "Somebody publishes from this database right now.",
        "Stop `countermand serve` and the worker first. To stop an order use halt, not restore.",
        CONFLICT,
        409,
    ),
    "restore-keys-missing": Code(
        "The backup has no private keys, and these are not in {directory}: {names}.",
        "Put them back from where you keep them; without them gates and auditors would not know this installation.",
        CONFLICT,
        409,
    ),
    "restored-notices": Code(
        "{count} notices of {directive} had not left when the backup was made.",
        "They leave when the directive is resumed. Corrections of a rescinded one: release or drop them.",
        HELD,
        409,
    ),
    "resume-instead": Code(
        "The notices of {name} leave when it is resumed.", "Have it approved and resumed; or drop the batch.", CONFLICT, 409
    ),
    "epoch-unreadable": Code("{file} is not an epoch.", "Write the highest epoch into it that a gate reports.", INTEGRITY, 500),
    "epoch-behind": Code(
        "Epoch {kept} was opened here; this database is of epoch {epoch}.",
        "This is an older copy: find the newer database, or restore a backup with `countermand restore`.",
        INTEGRITY,
        409,
    ),
    "database-newer": Code(
        "A newer version of the program has changed these tables ({migration}).",
        "Use that version, or go back one version with it: `countermand upgrade --back`.",
        CONFLICT,
        409,
    ),
    "database-older": Code(
        "The tables are those of an older version ({migration} is missing).", "Run: countermand upgrade.", CONFLICT, 409
    ),
    "upgrade-while-running": Code(
        "Somebody publishes from this database right now.", "Stop `countermand serve` and the worker first.", CONFLICT, 409
    ),
    "upgrade-irreversible": Code(
        "{migration} cannot be taken back.", "Restore the backup from before it with the older version.", CONFLICT, 409
    ),
    # -- the command line (cli) --
    "not-a-moment": Code("{text!r} is not a time.", "Write {how}.", INPUT, 400),
    "not-a-pair": Code("{text!r} is not NAME=VALUE.", "Write {option} NAME=VALUE, as the command's --help shows.", INPUT, 400),
    "no-key-named": Code("No key is named to sign with.", "Give --key, or --signature with one made elsewhere.", DENIED, 403),
    "drill-needs-both": Code("A drill of your own fleet needs both files.", "Give --own-people and --own-devices."),
    "needs-nginx": Code("nginx is not installed.", "Install it: apt-get install nginx.", CONFLICT, 409),
    "folder-occupied": Code("{path} is not empty.", "Name a new or an empty directory.", CONFLICT, 409),
    "unwritable-file": Code("{path} cannot be written: {why}.", "Check the name and who may write there.", INPUT, 404),
    "unknown-format": Code("There is no format {format!r}.", "Write one of: {known}.", INPUT, 400),
    "identity-form": Code("{identity!r} is not KIND:VALUE.", "Write one of these kinds before the colon: {known}."),
    "unreadable-file": Code("{path} cannot be read: {why}.", "Check the name and who may read it.", INPUT, 404),
    # -- gates: keys, snapshot, feed --
    "gate-config": Code("The gate's settings cannot be used: {why}.", "Mend the file; docs/gate.md lists them all."),
    "key-missing": Code("There is no key file {file}.", "`countermand init` makes it; a gate's is copied there.", INPUT, 500),
    "key-damaged": Code("{file} is not a key file.", "Restore it from a backup, or make a new key.", INTEGRITY, 500),
    "key-readable": Code("Others than its owner can read {file}.", "chmod 600 it.", INTEGRITY, 500),
    "key-exists": Code("There is a key file {file} already.", "Keep it; move it away to make a new one.", CONFLICT, 409),
    "root-key-away": Code(
        "The root key is not in {file}.", "Bring it from where it is kept and name it: --root FILE.", CONFLICT, 409
    ),
    "root-key-other": Code("{file} is not the root key that gates pin.", "Name the one that belongs to {pub}.", DENIED, 403),
    "snapshot-damaged": Code("The snapshot {file} is unusable: {why}.", "Delete it; the gate fetches a new one.", INTEGRITY, 500),
    "snapshot-forged": Code("{file} is not the control plane's: {why}.", "Find out where it came from.", INTEGRITY, 500),
    "snapshot-foreign": Code("{file} was made with another hash key.", "Give the gate its control plane's.", INTEGRITY, 500),
    "feed-damaged": Code("The feed cannot be read: {why}.", "Reconnect; a new snapshot cures it.", INTEGRITY, 502),
    "feed-forged": Code("The feed is not the control plane's: {why}.", "Check the pinned root key.", INTEGRITY, 502),
    "feed-key-expired": Code("The feed's key holds from {since} until {until}.", "Renew its certificate.", INTEGRITY, 502),
    "feed-older": Code(
        "The feed offers epoch {epoch}, number {n}; the gate has heard epoch {held_epoch}, number {held_n}.",
        "Nothing older is taken. After a restored backup, open a new epoch with `countermand restore`.",
        INTEGRITY,
        409,
    ),
    "feed-gap": Code("Record {n} does not follow record {held}.", "A new snapshot cures it.", INTEGRITY, 502),
    "gate-exists": Code("There is a gate {gate} or a directory {directory} already.", "Choose another.", CONFLICT, 409),
    "gate-report": Code("A gate's report cannot be read: {why}.", "Run the same version on gate and control plane.", INPUT, 422),
    "feed-behind-gate": Code(
        "Gate {gate} has heard epoch {epoch}, number {n}; this database is at epoch {our_epoch}, number {our_n}.",
        "This is an older copy: find the newer one, or open a new epoch with `countermand restore`.",
        INTEGRITY,
        409,
    ),
    # -- the fleet: files --
    "csv-empty": Code("The file is empty.", "Its first line names the columns: {columns}."),
    "csv-delimiter": Code(
        "The columns are separated by {found}.", "Separate them by commas (groups and apps within a cell by ;)."
    ),
    "csv-encoding": Code("Byte {byte} of the line is not UTF-8.", "Save the file as UTF-8."),
    "csv-column-missing": Code("A column is missing.", "The columns are {columns}."),
    "csv-column-unknown": Code("There is no such column.", "Remove it; nearest: {nearest}."),
    "csv-column-twice": Code("The column stands twice.", "Keep one of them."),
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
    "group-cycle": Code("Groups contain each other: {cycle}.", "Remove one of these memberships."),
    "person-unknown": Code("Nobody has the login {login!r}.", "Import the people first, or leave the login empty."),
    "identity-elsewhere": Code(
        "{identity} is a name of another device than {other}.", "Retire the old device, or correct the row."
    ),
    "time-ahead": Code("{time} is ahead of the clock.", "Correct the clock of whoever wrote it."),
    "event-damaged": Code("The event cannot be read: {why}.", "Take the webhook's body as it was posted."),
    "report-not-delivery": Code(
        "The message is not a report of what became of another: {why}.", "Nothing was taken from it; file it by hand."
    ),
    "report-not-ours": Code("No notice of ours was handed over as {name}.", "Nothing was taken from it; it concerns other mail."),
    "command-unfit": Code("This command's answer cannot be told: {why}.", "Give the property list as it is enqueued."),
    "nobody-asked": Code("No device is named that is asked.", "Name enrolment ids with --to or --to-file.", INPUT, 400),
    "file-changed": Code("The file changed while it was being imported.", "Import it again."),
    "app-not-watched": Code(
        "{app} is not on the watch list.", "Name apps that a directive names, or add it: `countermand watch`."
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
    # -- the life of a version, and what stops an issue (core.lifecycle, core.guardrails) --
    "wrong-state": Code("One cannot {verb} what is {state}.", "What can be done now: {allowed}.", CONFLICT, 409),
    "too-few-approvals": Code(
        "{have} of {need} approvals are there for exactly this bundle ({names}).",
        "Ask other approvers, none of whom wrote it, to sign the bundle {digest}.",
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
    # -- configuration --
    "config-missing": Code("There is no readable configuration at {path}.", "Run `countermand init`, or name --config."),
    "config-broken": Code("The configuration is not readable TOML: {problem}.", "Look at this line and the one before."),
    "config-unknown-key": Code("There is no setting {key!r} here; nearest: {nearest}.", "Write one of: {known}."),
    "config-wrong-value": Code("{value} cannot be the value of {key}.", "Write {wanted}."),
    "secret-unreadable": Code(
        "The secret for {key} cannot be read from {path}.", "Put it there, readable by this account alone."
    ),
    # -- operators, keys and signatures --
    "unknown-token": Code("The token names no active operator.", "Check COUNTERMAND_TOKEN, or ask for a new token.", DENIED, 401),
    "already-set-up": Code("{path} is set up already.", "Use it, or name another configuration.", CONFLICT, 409),
    "first-operators": Code("A house begins with two operators of different roles.", "Name two, one of them an administrator."),
    "unknown-role": Code("There is no role {role!r}.", "Write one of: {known}."),
    "operator-exists": Code("There is an operator {name!r} already.", "Choose another name.", CONFLICT, 409),
    "operator-name": Code("{name!r} cannot be an operator's name.", "Letters, digits and . _ - @, at most 64."),
    "ssh-key-unusable": Code("This is not one usable OpenSSH public key.", "Give the line of one .pub file."),
    "ssh-key-elsewhere": Code("This SSH key is registered for {name}.", "Each operator signs with a key of their own."),
    "ssh-keygen-missing": Code("There is no ssh-keygen here.", "apt-get install openssh-client", CONFLICT, 503),
    "signing-failed": Code("{key} did not sign: {why}.", "Name a private key that ssh-keygen can use with --key."),
    "no-registered-key": Code("{actor} has no SSH key registered.", "An administrator registers one.", DENIED, 403),
    "wrong-signature": Code("It is not {digest} signed by the key of {actor}.", "Sign exactly this digest.", DENIED, 403),
    "own-work": Code("{actor} {did} it and cannot also {action} it.", "Ask somebody else.", DENIED, 403),
    "operator-too-new": Code("{actor} may approve from {since} on.", "Ask somebody whose account is older.", DENIED, 403),
    "approved-already": Code("{actor} has approved exactly this.", "Ask other approvers.", CONFLICT, 409),
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
