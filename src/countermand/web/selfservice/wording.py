"""The words of the employee's page for what the rules say of a device, and for what the ledger says of a person."""

from collections.abc import Mapping

from countermand.core.devices import Platform
from countermand.core.verdict import Reason
from countermand.lib.words import word

#: What each reason means for the owner of the device, and what they can do.
REASONS: Mapping[Reason, str] = {
    Reason.OUT_OF_SCOPE: word("The order does not speak to this device."),
    Reason.RETIRED: word("The device is no longer in use. Nothing it ever reported counts."),
    Reason.EXEMPTION: word("You are exempt. Nothing is asked of you for now."),
    Reason.SEEN_ABSENT: word("The app was looked for and is not there. You need not do anything."),
    Reason.MAIL_REMOVED: word("Company mail was removed from this device, which is accepted instead."),
    Reason.NEVER_REPORTED: word("Nothing is known of this device yet. Open the company's management app, so that it reports."),
    Reason.STALE: word("The last look at this device is too old. Open the company's management app, so that it reports."),
    Reason.NOT_LOOKED: word("The device reports, but was not asked about this app yet. You need not do anything."),
    Reason.INVISIBLE: word("The way this device is managed lets nobody see the app."),
    Reason.PRESENT_IN_GRACE: word("The app was seen on this device. Remove it before the time stated."),
    Reason.PRESENT: word("The app was seen on this device, and the time to remove it has passed."),
}
#: How an app is removed, step by step; each has its picture (static/step-PLATFORM-NUMBER.svg).
STEPS: Mapping[Platform, tuple[str, ...]] = {
    Platform.IOS: (
        word("Touch the app and hold your finger on it until a menu opens."),
        word("Choose Remove App."),
        word("Choose Delete App, then Delete."),
    ),
    Platform.ANDROID: (
        word("Open Settings, then Apps."),
        word("Choose the app."),
        word("Choose Uninstall, then OK."),
    ),
}
#: What happened, for a person's history. Whatever is not named here is shown by its code.
EVENTS: Mapping[str, str] = {
    "looked-up": word("Somebody looked at your data"),
    "attested": word("You, or somebody for you, said that the app is gone"),
    "removal-said": word("You said that the app is gone and asked for another look"),
    "recheck-asked": word("A system was asked to look at a device again"),
    "objected": word("You said something against an order"),
    "objection-escalated": word("What you said went on to somebody else, because nobody had answered in time"),
    "pair-mended": word("A device that you had called not yours was noted as yours"),
    "objection-answered": word("You were answered"),
    "unblocked": word("Mail was given back to a device for a while"),
    "resent": word("A message was sent to you"),
    "exemption-proposed": word("An exemption was asked for"),
    "exemption-agreed": word("An exemption was granted"),
    "exemption-ended": word("An exemption ended, or was not granted"),
    "notices-handed-over": word("A message was sent to you"),
    "verdicts-changed": word("What is known of a device changed"),
    "device-retired": word("A device was taken out of use"),
    "device-bound": word("A name was added to a device"),
    "mail-removed": word("Mail was said to be gone from a device"),
}
OWNERSHIP: Mapping[str, str] = {
    "corporate": word("company's"),
    "personal": word("your own"),
    "contractor": word("contractor's"),
}
#: What a form did, by the word in the address that follows it.
DONE: Mapping[str, str] = {
    "attested": word("Thank you. Your statement is recorded."),
    "contested": word("It has been sent. A human will answer you."),
    "asked": word("Your request has been sent. You will hear whether it is granted."),
    "not-mine": word(
        "It is noted that this is not your device. It gets none of your mail from now on, and a human looks whose it is."
    ),
    "mine": word("It is noted that the device is yours. It gets your mail again as far as no order blocks it."),
}
