"""Codes of the console: ways in, and what approvers are asked there."""

from countermand.core.code import CONFLICT, DENIED, INPUT, Code

CONSOLE_CODES: dict[str, Code] = {
    # -- the console's ways in (flows.passkeys, flows.seats) --
    "link-void": Code(
        "This link was used, has expired, or was replaced by another.",
        "Ask an administrator for a new one: countermand operator invite NAME.",
        CONFLICT,
        410,
    ),
    "passkey-not-made": Code(
        "The browser made no passkey that can be used here ({why}).",
        "Try again, with a device that verifies its owner by PIN, finger or face.",
        INPUT,
        422,
    ),
    "passkey-elsewhere": Code("This passkey is registered already.", "Make another one for this account.", CONFLICT, 409),
    "console-sign-in-unset": Code(
        "Nobody can sign in by an identity provider here.",
        "Use a passkey, or name the provider in [console] of the configuration.",
        CONFLICT,
        409,
    ),
    "refusal-needs-why": Code(
        "A reason is missing, or it is longer than {most} characters.", "Write what would have to change.", INPUT, 422
    ),
    "no-account": Code(
        "The identity provider knows {name}, and none of the groups that it names opens the console.",
        "Ask for the group, or an administrator for an account.",
        DENIED,
        403,
    ),
}
