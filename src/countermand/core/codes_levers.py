"""The codes of levers: somebody else's enforcement that we feed."""

from countermand.core.code import CONFLICT, DENIED, Code

LEVER_CODES: dict[str, Code] = {
    "lever-name": Code("{name!r} cannot be a lever's name.", "Small letters, digits and -, at most 63."),
    "lever-exists": Code("There is a lever {name!r} already.", "Choose another name.", CONFLICT, 409),
    "lever-kind": Code("There is no kind of lever {kind!r}.", "Write one of: {known}."),
    "lever-setting": Code("The setting {name!r} cannot be so: {why}.", "See docs/levers.md for what each kind is told."),
    "lever-secret": Code("The lever {name} needs a secret.", "Name the file that holds it with --secret-file."),
    "lever-credential": Code(
        "The secret of {name} cannot be opened.", "Undo it where it can be, remove it, and add it again.", CONFLICT, 409
    ),
    "lever-holds": Code(
        "Entries of ours are still in force through {name}, or may be.", "countermand lever undo {name}", CONFLICT, 409
    ),
    "lever-strange": Code(
        "{name} answered what its vendor would not write: {why}.", "Check its addresses; nothing follows from it.", CONFLICT, 502
    ),
    "lever-denied": Code("{name} does not let us: {why}.", "countermand lever check {name}", CONFLICT, 502),
    "lever-away": Code("{name} cannot be reached: {why}.", "Look at it; what came so far is kept.", CONFLICT, 503),
    "lever-busy": Code("Somebody else is at work on {name}.", "Wait until that has ended.", CONFLICT, 409),
    "lever-paused": Code("The lever {name} is paused.", "countermand lever resume {name}", CONFLICT, 409),
    "lever-no-switch": Code("The lever {name} has no switch.", "Its entries deny as they are written.", CONFLICT, 409),
    "lever-full": Code(
        "The rule of {name} cannot name more than {most} directives.",
        "Rescind what is over, or add a second lever.",
        CONFLICT,
        409,
    ),
    "lever-carried": Code(
        "{name} is carried by a person, not over the network.", "countermand lever script {name}", CONFLICT, 409
    ),
    "lever-networked": Code("{name} is written to over the network.", "countermand lever apply {name}", CONFLICT, 409),
    "lever-results-missing": Code(
        "The results of {count} entries of an earlier script of {name} were not read back.",
        "countermand lever results {name} FILE; or --again, if that script never ran.",
        CONFLICT,
        409,
    ),
    "lever-results-unreadable": Code("This is no file of results: {why}.", "Give the file that the script wrote, as it is."),
    "lever-unsupported": Code(
        "The way of {name} is not supported by {who}.", "Say that you accept that: --set unsupported=accepted", DENIED, 403
    ),
    "policy-not-taken": Code(
        "What {name} forbids is not what the format {format} takes: {why}.",
        "Look at the app ids: countermand preview {name}; or hand them over as csv.",
        CONFLICT,
        409,
    ),
}
