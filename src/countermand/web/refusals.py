"""Refusals that an employee can meet, in words for them and in their language. Others are for operators, and in English."""

from collections.abc import Mapping

from countermand.lib.words import word

REFUSALS: Mapping[str, str] = {
    "not-found": word("What you asked for is not there, or not yours."),
    "said-already": word("You have said this already. It waits for an answer."),
    "words-too-long": word("That is too long. Please write at most {limit} characters."),
    "attestation-not-enough": word(
        "For this device your own statement is not enough. Remove the app and wait until the device reports."
    ),
    "exemption-too-long": word("The order allows no exemption for so long. Ask for fewer days."),
    "exemption-ground": word("The order knows no such ground."),
    "lineage-ended": word("This order no longer applies."),
    "unknown-choice": word("Please choose one of what is offered: {known}."),
    "too-many-requests": word("You have asked too often. Please wait {seconds} seconds."),
    "sign-in-failed": word("Signing in did not work. Please try again, or ask your help desk."),
    "sign-in-unset": word("Nobody can sign in here yet. Please ask your help desk."),
    "not-an-employee": word("You are signed in, but the directory does not know you. Please ask your help desk."),
}
