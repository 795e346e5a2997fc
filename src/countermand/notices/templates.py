"""The templates: what each kind of notice says, as paragraphs with placeholders from two fixed lists and no logic.

A paragraph is one text of the catalogues, so that it is translated whole. There is no link and no attachment in any of
them, so a copy of our notice with a link is a fraud.
"""

from collections.abc import Mapping

from countermand.core.devices import Platform
from countermand.core.directive import Consequence
from countermand.core.notices import Kind
from countermand.lib.words import word

#: Filled per person, when a notice is claimed.
PERSONAL = frozenset({"name", "devices", "due_local", "due_utc", "code", "ground", "until"})
#: Filled per directive and language, before approval.
GENERAL = frozenset({"title", "issuer", "reason", "apps", "how_to_remove", "consequence", "page"})

SUBJECT = "Subject: "
_HELLO = word("Hello {name},")
_WHY = word("Why: {reason}")
_BY_WHEN = word("By when: {due_local}\nIn UTC: {due_utc}")
_DEVICES = word("The phones and tablets in your name:\n{devices}")
_ASK = word("Questions: {issuer}, or your help desk, at the address you know.")
_CHECK = word(
    "This message has no link and no attachment, and nobody will ask you for a password. To see that it is genuine, "
    "open the intranet page that you know by yourself and look up this code there: {code}"
)
_NOTHING = word("You need not do anything more.")
_DO = (_BY_WHEN, "{consequence}", _DEVICES, "{how_to_remove}")
_END = (_ASK, _CHECK)

#: Subject first.
TEMPLATES: Mapping[Kind, tuple[str, ...]] = {
    Kind.ISSUED: (
        "{title}",
        _HELLO,
        word("{issuer} asks you to remove {apps} from every phone and tablet with which you read company mail."),
        _WHY,
        *_DO,
        *_END,
    ),
    Kind.SUPERSEDED: (
        word("Changed: {title}"),
        _HELLO,
        word(
            "What we asked of you before has changed. What counts now: {issuer} asks you to remove {apps} from every phone "
            "and tablet with which you read company mail."
        ),
        _WHY,
        *_DO,
        *_END,
    ),
    Kind.REMINDER: (
        word("Reminder: {title}"),
        _HELLO,
        word("As far as we know, {apps} can still be found on a device in your name."),
        *_DO,
        *_END,
    ),
    Kind.DENIED: (
        word("Mail is blocked on a device: {title}"),
        _HELLO,
        word(
            "Company mail is now blocked on a device in your name, because as far as we know {apps} can still be found on "
            "it. Mail on your other devices is not affected."
        ),
        _DEVICES,
        word("To have mail back, remove it; mail works again as soon as that has been seen."),
        "{how_to_remove}",
        *_END,
    ),
    Kind.RESTORED: (
        word("Mail works again: {title}"),
        _HELLO,
        word("Company mail works again on your device."),
        _NOTHING,
        *_END,
    ),
    Kind.RESCINDED: (
        word("Correction: {title}"),
        _HELLO,
        word("Our message about {apps} no longer applies. {ground}"),
        word("You need not remove anything. No device is blocked from mail because of it; where one was, mail works again."),
        word("We are sorry for the trouble."),
        *_END,
    ),
    Kind.HALTED: (
        word("On hold: {title}"),
        _HELLO,
        word(
            "What we asked of you about {apps} is on hold. Until you hear from us again, nothing is due and no device is "
            "blocked from mail because of it."
        ),
        *_END,
    ),
    Kind.RESUMED: (
        word("Due again: {title}"),
        _HELLO,
        word("What we asked of you about {apps} was on hold and is due again."),
        *_DO,
        *_END,
    ),
    Kind.EXEMPTED: (
        word("You are exempt: {title}"),
        _HELLO,
        word("You asked for an exemption about {apps}. It was granted and holds until {until}."),
        _NOTHING,
        *_END,
    ),
    Kind.NOT_EXEMPTED: (
        word("Not exempt: {title}"),
        _HELLO,
        word("You asked for an exemption about {apps}. It was not granted, so what we asked of you still holds."),
        *_DO,
        *_END,
    ),
    Kind.EXEMPTION_ENDS: (
        word("Your exemption ends soon: {title}"),
        _HELLO,
        word("Your exemption about {apps} ends: {until}. From then on, what we asked of everybody holds for you as well."),
        _DEVICES,
        "{how_to_remove}",
        *_END,
    ),
    Kind.DRILL: (
        word("Exercise: {title}"),
        _HELLO,
        word("This is an exercise. Nothing is asked of you, nothing is due, and no device is blocked from mail."),
        word("It shows that our messages reach you, and what they look like."),
        *_END,
    ),
}

CONSEQUENCES: Mapping[Consequence, str] = {
    Consequence.DENY_MAIL: word(
        "After that, company mail is blocked on each device on which it is still found, and on no other."
    ),
    Consequence.HAND_OVER: word("After that, the devices on which it is still found are reported to those who enforce this."),
    Consequence.REPORT_ONLY: word("Nothing is blocked; who has complied is counted."),
}
ADVICE = word("This is a recommendation; nothing is blocked.")
WHATEVER = word("what the rule names")
REMOVAL: Mapping[Platform, str] = {
    Platform.IOS: word("On an iPhone or iPad: touch and hold the app, choose Remove App, then Delete App."),
    Platform.ANDROID: word("On Android: open Settings, then Apps, choose the app, then Uninstall."),
}
PLATFORMS: Mapping[str, str] = {Platform.IOS: word("iPhone or iPad"), Platform.ANDROID: "Android"}
GROUNDS: Mapping[str, str] = {
    "sent-in-error": word("It was sent in error."),
    "changed": word("The decision behind it has changed."),
    "expired": word("The time for which it was meant is over."),
}
#: How selectors name apps.
APP = word("the app {name}")
PUBLISHER = word("apps published by {name}")
OWNER = word("apps owned by {name}")
CATEGORY = word("apps of the category {name}")
OWNER_COUNTRY = word("apps whose owners are in {name}")
LIST = word("apps on the list {name}")
ALSO = word("{these} that are also {those}")
BUT_NOT = word("{these} (but not {those})")
#: A device in a list: with the day on which it was last seen, and without.
DEVICE_SEEN = word("{model} ({platform}), last seen: {day}")
DEVICE = "{model} ({platform})"
A_DEVICE = word("a device")
MORE = word("and {count} more")
NO_DEVICES = word("(none that we know of)")
