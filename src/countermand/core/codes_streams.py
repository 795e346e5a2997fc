"""Codes of receivers of Shared Signals and their streams."""

from countermand.core.code import CONFLICT, DENIED, INPUT, INTEGRITY, Code

STREAM_CODES: dict[str, Code] = {
    "signals-issuer": Code(
        "No receiver can know this installation by {issuer!r}.",
        "Write its address into the configuration: [signals] issuer, https and without a query.",
    ),
    "receiver-name": Code("{name!r} cannot be a receiver's name.", "Use small letters, digits and hyphens, at most 63."),
    "receiver-exists": Code("There is a receiver {name} already.", "Choose another name.", CONFLICT, 409),
    "receiver-audience": Code("{audience!r} cannot stand as an audience.", "Write what the receiver calls itself: --audience."),
    "receiver-asks-nothing": Code(
        "{name} has no secret: its tokens are pushed, and it asks for nothing.", "There is nothing to rotate.", CONFLICT, 409
    ),
    "client-unknown": Code(
        "No receiver has this name and secret.", "Get another secret: countermand signal receiver rotate.", DENIED, 401
    ),
    "scope-unknown": Code("None of these scopes is this receiver's.", "Ask for one or more of: {known}.", INPUT, 400),
    "access-token": Code("The token opens nothing here.", "Get another one at the token endpoint.", DENIED, 401),
    "stream-request": Code("The request cannot be taken: {why}.", "See OpenID SSF 1.0, section 8.1.", INPUT, 400),
    "stream-exists": Code("{name} has a stream already.", "Change that one, or delete it first.", CONFLICT, 409),
    "stream-unknown": Code("There is no such stream of this receiver.", "List what there is: GET without stream_id.", INPUT, 404),
    "stream-held": Code(
        "The stream of {name} was paused here.", "Ask its operators: countermand signal stream resume {name}.", DENIED, 403
    ),
    "stream-disabled": Code("{name} has disabled its stream.", "It enables it again by itself.", CONFLICT, 409),
    "stream-polled": Code(
        "The stream of {name} is polled, not pushed.",
        "It fetches what waits: countermand signal stream verify {name}.",
        CONFLICT,
        409,
    ),
    "stream-credential": Code(
        "What {name} wants in its Authorization header cannot be opened: it was sealed under another key.",
        "Put keys/credentials.secret back, or let the receiver say it again.",
        INTEGRITY,
        500,
    ),
    "subjects-many": Code(
        "A receiver leaves out {most} subjects at most.", "Let it leave out what it is told instead.", CONFLICT, 429
    ),
    "verification-soon": Code("A verification was asked for just now.", "Ask again in {seconds} s.", CONFLICT, 429),
}
