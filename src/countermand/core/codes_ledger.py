"""The codes of the ledger; part of the catalogue (core/codes.py)."""

from countermand.core.code import CONFLICT, INPUT, INTEGRITY, Code

LEDGER_CODES: dict[str, Code] = {
    # -- the ledger --
    "ledger-entry-unfit": Code(
        "The ledger cannot take this {kind} entry: {why}.", "Put a digest in the place of long texts.", CONFLICT, 500
    ),
    "ledger-entry-unreadable": Code(
        "A ledger entry cannot be read: {why}.", "Compare with a backup and with exports.", INTEGRITY, 500
    ),
    "ledger-key-unreadable": Code(
        "{line!r} is not a verifier line.", "It reads <origin>+<key id>+<base64>; or name the key's .pub file."
    ),
    "ledger-origin-unfit": Code(
        "The ledger cannot be named {origin!r}.", "Set an origin without spaces and plus signs, like ledger.example.org."
    ),
    "ledger-checkpoint-malformed": Code(
        "A checkpoint cannot be read: {why}.", "Get it afresh; nothing in it can be believed.", INTEGRITY, 500
    ),
    "ledger-checkpoint-forged": Code(
        "The signature on the checkpoint of {size} entries is wrong.", "Find out who changed it.", INTEGRITY, 500
    ),
    "ledger-checkpoint-unsigned": Code(
        "No key you named signed the checkpoint of {size} entries.", "Check the verifier line.", INTEGRITY, 500
    ),
    "ledger-file-missing": Code("The export lacks {file}.", "Get it afresh; it is not whole.", INTEGRITY, 500),
    "ledger-file-damaged": Code(
        "{file} of the export was changed: {why}.", "Get it afresh, and find out who changed it.", INTEGRITY, 500
    ),
    "ledger-file-stray": Code("{file} does not belong to the export.", "Find out where it came from; remove it.", INTEGRITY, 500),
    "ledger-root-differs": Code(
        "The {size} entries do not make the root that was signed.", "Find out who changed them.", INTEGRITY, 500
    ),
    "ledger-truncated": Code(
        "The ledger has {size} signed entries; a checkpoint of {kept} was signed before.",
        "Entries are gone: find the newer database, or open a new epoch with `countermand restore`.",
        INTEGRITY,
        500,
    ),
    "ledger-history-differs": Code(
        "The first {size} entries are not those that were signed.", "Find out who changed them.", INTEGRITY, 500
    ),
    "ledger-leaf-missing": Code("Entry {index} is not in the ledger.", "Find out who deleted it.", INTEGRITY, 500),
    "ledger-hash-differs": Code(
        "The stored hash at level {level}, index {index} is not that of the entries.", "Find out who changed it.", INTEGRITY, 500
    ),
    "ledger-hash-stray": Code(
        "{stored} hashes are stored; the tree has {count}.", "Find out who added or removed them.", INTEGRITY, 500
    ),
    "ledger-tail-unsigned": Code(
        "{count} entries have a place in the tree but no signature.", "Find out who put them there.", INTEGRITY, 500
    ),
    "ledger-proof-malformed": Code("The proof cannot be read: {why}.", "Get it afresh.", INTEGRITY, 500),
    "ledger-proof-wrong": Code(
        "The proof does not lead from entry {index} to the signed root.", "The entry is not in that ledger.", INTEGRITY, 500
    ),
    "ledger-export-occupied": Code("There is something in {file} already.", "Name a new or empty directory.", CONFLICT, 409),
    "ledger-empty": Code("Nothing has been sealed yet.", "Run the worker, or `countermand ledger seal`.", CONFLICT, 409),
    "ledger-not-sealed": Code(
        "Entry {index} is not among the {size} sealed ones.",
        "Indexes count from 0; new entries are sealed within seconds.",
        INPUT,
        404,
    ),
}
