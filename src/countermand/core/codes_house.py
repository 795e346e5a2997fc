"""Codes of the house rather than of orders: who may, the ways in, configuration, keys, gates, backups, the ledger."""

from countermand.core.code import CONFLICT, DENIED, HELD, INPUT, INTEGRITY, Code

HOUSE_CODES: dict[str, Code] = {
    # -- who may (access) --
    "not-signed-in": Code("No operator is named.", "Set COUNTERMAND_TOKEN to your operator token.", DENIED, 401),
    "token-expired": Code("The token {label!r} has expired.", "Make another: countermand token add.", DENIED, 401),
    "token-too-narrow": Code(
        "This token, or this new passkey, may not {action}, although {actor} may.",
        "Use a token with the scope {scope} or the account's own; a new passkey waits as a new account does.",
        DENIED,
        403,
    ),
    "token-scopes": Code("{scope!r} is not a scope.", "Write one or more of: {known}.", INPUT, 422),
    "token-lifetime": Code("A token lives between a minute and {most} days.", "Name a shorter time.", INPUT, 422),
    "token-makes-token": Code(
        "A narrower token makes no other.", "Use the account's own token, which was shown when it was opened.", DENIED, 403
    ),
    "not-allowed": Code("{actor} may not {action}.", "Ask somebody with the role {roles}.", DENIED, 403),
    # -- over the network (web, cli) --
    "no-such-address": Code("Nothing is served at {path}.", "See the OpenAPI document for what is.", INPUT, 404),
    "wrong-method": Code("{path} does not answer {method}.", "Use one of: {known}.", INPUT, 405),
    "body-too-large": Code("The request has more than {most} bytes.", "Send less, or raise the limit [api].", INPUT, 413),
    "body-unreadable": Code("The request cannot be read: {why}.", "Send what the OpenAPI document describes.", INPUT, 400),
    "parameter-wrong": Code("{name}: {why}.", "See the OpenAPI document for what may stand there.", INPUT, 422),
    "parameter-unknown": Code("There is no parameter {name!r}; nearest: {nearest}.", "Write one of: {known}.", INPUT, 422),
    "parameter-repeated": Code("The parameter {name!r} is given more than once.", "Write it once.", INPUT, 422),
    "too-many-requests": Code(
        "This token has asked too often.", "Ask again in {seconds} s. Halting and rescinding are never counted.", CONFLICT, 429
    ),
    "idempotency-key-form": Code("The idempotency key cannot be used.", "Send 1 to 200 printable characters.", INPUT, 400),
    "idempotency-key-reused": Code(
        "This idempotency key was used for another request of this kind.", "Use a new key for a new request.", CONFLICT, 409
    ),
    "answer-not-kept": Code(
        "This request was carried out already; its answer was not kept.",
        "Look at what it changed. To do it again, use a new key.",
        CONFLICT,
        409,
    ),
    "only-here": Code(
        "{command} works on this machine's installation and not over the network.",
        "Run it where the installation is, without --url and COUNTERMAND_URL.",
        CONFLICT,
        409,
    ),
    "url-insecure": Code(
        "{url} would carry your token in the clear.", "Write https://; http:// is for this machine alone.", DENIED, 403
    ),
    "unreachable": Code(
        "{url} cannot be asked: {why}.", "Check the address and the network; nothing is known to have changed.", CONFLICT, 502
    ),
    "strange-answer": Code(
        "{url} answers in a way that is not Countermand's: {why}.",
        "Check the address and the versions on both sides.",
        CONFLICT,
        502,
    ),
    "digest-not-of-bundle": Code(
        "The digest is not that of the bundle shown with it.", "Sign nothing; find out who stands between.", INTEGRITY, 502
    ),
    "source-name": Code("{name!r} cannot be a source's name.", "Use small letters, digits and hyphens, at most 63.", INPUT, 422),
    "source-kind": Code("There is no kind of source {kind!r}.", "Write one of: {known}.", INPUT, 422),
    "source-exists": Code("There is a source {name} already.", "Choose another name.", CONFLICT, 409),
    "source-setting": Code("The setting {name} cannot be used: {why}.", "Give it with --set NAME=VALUE.", INPUT, 422),
    "source-secret": Code("{name} needs the secret that its vendor gave out.", "Name its file: --secret-file.", INPUT, 422),
    "source-interval": Code("A source is asked every 5 minutes to 7 days.", "Write another span, 4h.", INPUT, 422),
    "source-not-asked": Code(
        "{name} is not a source that is asked over the network.", "It posts, or comes as a file; see `countermand source list`."
    ),
    "source-credential": Code(
        "The secret of {name} cannot be opened: it was sealed under another key.",
        "Put keys/credentials.secret back, or connect the source under a new name.",
        INTEGRITY,
        500,
    ),
    "subscriber-name": Code("{name!r} cannot be a subscriber's name.", "Use small letters, digits and hyphens, at most 63."),
    "subscriber-exists": Code("There is a subscriber {name} already.", "Choose another name.", CONFLICT, 409),
    "subscriber-url": Code("{url!r} is not where a {kind} can be told: {why}.", "Write {form}.", INPUT, 422),
    "subscriber-secret": Code("The secret cannot sign: {why}.", "Write whsec_ and base64 of 24 to 64 bytes, or leave it out."),
    "subscriber-position": Code("There is no leaf {leaf} to begin with.", "Write 0 to {last}.", INPUT, 422),
    "subscriber-credential": Code(
        "The secret of {name} cannot be opened: it was sealed under another key.",
        "Put keys/credentials.secret back, or add the subscriber under a new name.",
        INTEGRITY,
        500,
    ),
    "source-paused": Code("{name} is paused.", "Let it come again: countermand source resume {name}.", CONFLICT, 409),
    "source-full": Code(
        "{count} events of {name} wait ({megabytes} MB); no more are stored.",
        "Resume the source, start the worker, or look at what was set aside: countermand source events. Then post it again.",
        CONFLICT,
        503,
    ),
    "source-waits": Code(
        "A set of {name} waits for a person.", "Look at it: countermand release list. Then release or drop it.", HELD, 409
    ),
    "source-busy": Code("{name} is being asked right now.", "Wait until it is done; after a crash, two minutes.", CONFLICT, 409),
    "source-away": Code(
        "{name} cannot be reached: {why}.", "Nothing is lost: what it brought is kept, and it is asked again.", CONFLICT, 502
    ),
    "source-denied": Code(
        "{source} does not let us: {why}.", "Look at its permissions: countermand source check {source}.", CONFLICT, 502
    ),
    "source-strange": Code(
        "{source} answers in a way that its vendor does not describe: {why}.", "Nothing of it was taken.", CONFLICT, 502
    ),
    "device-unreadable": Code("The device {device} cannot be read: {why}.", "The others were; look at it in its own system."),
    "address-private": Code(
        "{host} is at {address}, which is not on the internet.",
        "If it is yours, name it in the configuration: [sources], [signals] or [levers] private_hosts.",
        DENIED,
        403,
    ),
    "drill-stays-in": Code("A drill asks nobody: {name} was not reached.", "Ask it from the real installation.", CONFLICT, 409),
    # -- a drill's clock --
    "clock-is-real": Code("The clock can be moved only in a drill.", "Make a drill with: countermand drill", CONFLICT, 409),
    "clock-runs-forward": Code("It is later than {to} already.", "Name a later time.", CONFLICT, 409),
    # -- opening an installation (reads/installation) --
    "no-installation": Code(
        "There is no Countermand database at {path}.", "Run `countermand init`, or name --config.", INPUT, 404
    ),
    "database-busy": Code("Another change held the database for too long.", "Try again; nothing was changed.", CONFLICT, 503),
    "database-unreachable": Code(
        "The database {place} cannot be opened: {problem}.",
        "Start the server, or correct database in the configuration.",
        CONFLICT,
        503,
    ),
    # -- backup, restore, upgrade (flows) --
    "evidence-exists": Code("There is a file {file} already.", "Name a new one; a pack never replaces another.", CONFLICT, 409),
    "evidence-unsealed": Code(
        "The export was recorded, and another sealer has not sealed the record yet.", "Try again in a moment.", CONFLICT, 409
    ),
    "evidence-damaged": Code("The pack {file} cannot be believed: {why}.", "Get it afresh.", INTEGRITY),
    "evidence-differs": Code(
        "{member} of the pack is not what was recorded: {why}.",
        "Find out who changed it; nothing in it can be believed.",
        INTEGRITY,
    ),
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
    "gate-check": Code(
        "The front end cannot be tried: {why}.", "Name where phones ask; docs/front-ends.md shows how.", CONFLICT, 503
    ),
    "login-empty": Code("No login is named.", "Name one as the mail server knows it."),
    "login-log": Code("The log {file} cannot be read: {why}.", "Give a log of nginx, IIS or Dovecot; docs/front-ends.md."),
    "gate-report": Code("A gate's report cannot be read: {why}.", "Run the same version on gate and control plane.", INPUT, 422),
    "feed-behind-gate": Code(
        "Gate {gate} has heard epoch {epoch}, number {n}; this database is at epoch {our_epoch}, number {our_n}.",
        "This is an older copy: find the newer one, or open a new epoch with `countermand restore`.",
        INTEGRITY,
        409,
    ),
    # -- configuration --
    "config-missing": Code("There is no readable configuration at {path}.", "Run `countermand init`, or name --config."),
    "config-broken": Code("The configuration is not readable TOML: {problem}.", "Look at this line and the one before."),
    "config-unknown-key": Code("There is no setting {key!r} here; nearest: {nearest}.", "Write one of: {known}."),
    "config-wrong-value": Code("{value} cannot be the value of {key}.", "Write {wanted}."),
    "plain-http": Code(
        "{listen} is not this machine alone, and there is no TLS.",
        "Name control.certificate_file and key_file; or say plain_http = true if TLS ends in front of it.",
        DENIED,
        403,
    ),
    "tls-unusable": Code("The certificate {file} cannot be used: {why}.", "Give PEM files that belong together.", INPUT, 500),
    "disk-full": Code(
        "The disk of the database is full; nothing was written.",
        "Make room, then try again. To let mail flow now: create the stop file at each gate.",
        CONFLICT,
        507,
    ),
    "database-read-only": Code(
        "The database cannot be written; nothing was.",
        "Look at its disk and at who may write there. To let mail flow now: create the stop file at each gate.",
        CONFLICT,
        503,
    ),
    "clock-jumped": Code(
        "This machine's clock jumped by {seconds} s; nothing new begins by it.",
        "Set the clock right, then restart this process: it goes by the clock as it is then.",
        CONFLICT,
        503,
    ),
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
    "roles-by-provider": Code(
        "The identity provider says which roles {name} has.", "Change the groups there, or [console.roles].", CONFLICT, 409
    ),
    "roles-as-before": Code("{name} has exactly these roles.", "There is nothing left to do.", CONFLICT, 409),
    "last-administrator": Code(
        "Nobody but {name} administers: nobody could let anybody in any more.",
        "Make another account an administrator first.",
        CONFLICT,
        409,
    ),
    "ssh-key-unusable": Code("This is not one usable OpenSSH public key.", "Give the line of one .pub file."),
    "ssh-key-elsewhere": Code("This SSH key is registered for {name}.", "Each operator signs with a key of their own."),
    "ssh-keygen-missing": Code("There is no ssh-keygen here.", "apt-get install openssh-client", CONFLICT, 503),
    "signing-failed": Code("{key} did not sign: {why}.", "Name a private key that ssh-keygen can use with --key."),
    "no-registered-key": Code(
        "{actor} has no key registered, of SSH or as a passkey.", "An administrator registers or invites one.", DENIED, 403
    ),
    "wrong-signature": Code(
        "It is not {digest} signed by a key of {actor} that counts by now.", "Sign exactly this digest.", DENIED, 403
    ),
    "own-work": Code("{actor} {did} it and cannot also {action} it.", "Ask somebody else.", DENIED, 403),
    "administrator-approves": Code(
        "{actor} administers, and so approves nothing.", "Ask an approver who opens no accounts.", DENIED, 403
    ),
    "operator-too-new": Code("{actor} may approve from {since} on.", "Ask somebody whose account is older.", DENIED, 403),
    "approved-already": Code("{actor} has approved exactly this.", "Ask other approvers.", CONFLICT, 409),
    # -- the ledger --
    "ledger-entry-unfit": Code(
        "The ledger cannot take this {kind} entry: {why}.", "Put a digest in the place of long texts.", CONFLICT, 500
    ),
    "ledger-entry-unreadable": Code(
        "A ledger entry cannot be read: {why}.", "Compare with a backup and with exports.", INTEGRITY, 409
    ),
    "ledger-key-unreadable": Code(
        "{line!r} is not a verifier line.", "It reads <origin>+<key id>+<base64>; or name the key's .pub file."
    ),
    "ledger-origin-unfit": Code(
        "The ledger cannot be named {origin!r}.", "Set an origin without spaces and plus signs, like ledger.example.org."
    ),
    "ledger-checkpoint-malformed": Code(
        "A checkpoint cannot be read: {why}.", "Get it afresh; nothing in it can be believed.", INTEGRITY, 422
    ),
    "ledger-checkpoint-forged": Code(
        "The signature on the checkpoint of {size} entries is wrong.", "Find out who changed it.", INTEGRITY, 409
    ),
    "ledger-checkpoint-unsigned": Code(
        "No key you named signed the checkpoint of {size} entries.", "Check the verifier line.", INTEGRITY, 422
    ),
    "ledger-file-missing": Code("The export lacks {file}.", "Get it afresh; it is not whole.", INTEGRITY, 409),
    "ledger-file-damaged": Code(
        "{file} of the export was changed: {why}.", "Get it afresh, and find out who changed it.", INTEGRITY, 409
    ),
    "ledger-file-stray": Code("{file} does not belong to the export.", "Find out where it came from; remove it.", INTEGRITY, 409),
    "ledger-root-differs": Code(
        "The {size} entries do not make the root that was signed.", "Find out who changed them.", INTEGRITY, 409
    ),
    "ledger-truncated": Code(
        "The ledger has {size} signed entries; a checkpoint of {kept} was signed before.",
        "Entries are gone: find the newer database, or open a new epoch with `countermand restore`.",
        INTEGRITY,
        409,
    ),
    "ledger-history-differs": Code(
        "The first {size} entries are not those that were signed.", "Find out who changed them.", INTEGRITY, 409
    ),
    "ledger-leaf-missing": Code("Entry {index} is not in the ledger.", "Find out who deleted it.", INTEGRITY, 409),
    "ledger-hash-differs": Code(
        "The stored hash at level {level}, index {index} is not that of the entries.", "Find out who changed it.", INTEGRITY, 409
    ),
    "ledger-hash-stray": Code(
        "{stored} hashes are stored; the tree has {count}.", "Find out who added or removed them.", INTEGRITY, 409
    ),
    "ledger-tail-unsigned": Code(
        "{count} entries have a place in the tree but no signature.", "Find out who put them there.", INTEGRITY, 409
    ),
    "ledger-proof-malformed": Code("The proof cannot be read: {why}.", "Get it afresh.", INTEGRITY, 422),
    "ledger-proof-wrong": Code(
        "The proof does not lead from entry {index} to the signed root.", "The entry is not in that ledger.", INTEGRITY, 409
    ),
    "ledger-export-occupied": Code("There is something in {file} already.", "Name a new or empty directory.", CONFLICT, 409),
    "ledger-empty": Code("Nothing has been sealed yet.", "Run the worker, or `countermand ledger seal`.", CONFLICT, 409),
    "ledger-not-sealed": Code(
        "Entry {index} is not among the {size} sealed ones.",
        "Indexes count from 0; new entries are sealed within seconds.",
        INPUT,
        404,
    ),
    # -- employees --
    "attestation-not-enough": Code(
        "{name} wants more than somebody's word for this device.",
        "Remove the app and wait until the device reports.",
        CONFLICT,
        409,
    ),
    "words-too-long": Code("At most {limit} characters are read.", "Say it shorter."),
    "said-already": Code("This was said before and waits for an answer.", "Wait for it, or ask your help desk.", CONFLICT, 409),
    "answered-already": Code("{by} has answered this.", "Look at it again.", CONFLICT, 409),
    "unblock-too-long": Code("Mail can be given back for at most {hours} hours.", "Give fewer; or have the order changed."),
    "unblock-needs-why": Code("A reason is missing, or it is longer than 200 characters.", "Write why, in a sentence."),
    "unblocked-twice": Code(
        "Mail was given back {most} times for this device and order.",
        "Propose an exemption; a second person agrees.",
        CONFLICT,
        409,
    ),
    "resent-often": Code(
        "The message was sent again {most} times.", "Read it out, or show the person where to look it up.", CONFLICT, 409
    ),
    "sign-in-failed": Code("Signing in did not work: {why}.", "Try again, or ask your help desk.", DENIED, 403),
    "sign-in-unset": Code(
        "Nobody can sign in here.", "Name the identity provider in [sign_in] of the configuration.", CONFLICT, 409
    ),
    "not-an-employee": Code(
        "You are signed in, but the directory knows nobody of this name.", "Ask your help desk to look you up.", DENIED, 403
    ),
}
