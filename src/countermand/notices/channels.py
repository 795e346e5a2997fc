"""Second channels: the words of a notice once more, by Slack, Teams, an SMS gateway or a webhook. Apprise knows how each service
wants to be asked; the request it composes goes out by ``lib.http`` like every other.

Only services on the list can be named: each composes plain HTTP requests and nothing else. What is not on it cannot be reached
by mistake, whatever Apprise can do.
"""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from countermand.config.speaking import Channels
from countermand.core.errors import Refused, Where
from countermand.core.notices import Kind, Reader
from countermand.lib.requested import REQUESTS, Carrier, RequestException, carried
from countermand.notices.mail import Result

#: Scheme → (module of apprise.plugins, class).
SERVICES: Mapping[str, tuple[str, str]] = {
    "slack": ("slack", "NotifySlack"),
    "workflows": ("workflows", "NotifyWorkflows"),
    "gchat": ("google_chat", "NotifyGoogleChat"),
    "webex": ("webexteams", "NotifyWebexTeams"),
    "mmosts": ("mattermost", "NotifyMattermost"),
    "rockets": ("rocketchat", "NotifyRocketChat"),
    "zulip": ("zulip", "NotifyZulip"),
    "nctalks": ("nextcloudtalk", "NotifyNextcloudTalk"),
    "ntfys": ("ntfy", "NotifyNtfy"),
    "signals": ("signal_api", "NotifySignalAPI"),
    "tgram": ("telegram", "NotifyTelegram"),
    "twilio": ("twilio", "NotifyTwilio"),
    "vonage": ("vonage", "NotifyVonage"),
    "msgbird": ("messagebird", "NotifyMessageBird"),
    "sinch": ("sinch", "NotifySinch"),
    "clicksend": ("clicksend", "NotifyClickSend"),
    "d7sms": ("d7networks", "NotifyD7Networks"),
    "bulksms": ("bulksms", "NotifyBulkSMS"),
    "sns": ("sns", "NotifySNS"),
    "jsons": ("custom_json", "NotifyJSON"),
    "forms": ("custom_form", "NotifyForm"),
    # On this machine alone: elsewhere plain HTTP is refused.
    "json": ("custom_json", "NotifyJSON"),
    "form": ("custom_form", "NotifyForm"),
}
#: What a personal channel's address may name of its person.
_PERSONAL = ("login", "email", "number")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_SLOT = re.compile(r"\{([a-z]+)\}")
#: Settings of an address that have Apprise read other things than the words it is given.
_ELSEWHERE = frozenset({"template", "attach"})
#: Values of the person's stand in the words; what services read as a command must not.
_TAMED = str.maketrans({"@": "＠", "<": "‹", ">": "›", "`": "'", "*": "∗", "#": "＃"})


@dataclass(frozen=True, slots=True)
class Channel:
    """``url``: as Apprise writes it; ``personal``: it names the person in it, so each has their own; else it is a room."""

    name: str
    url: str = field(repr=False)
    personal: bool

    @property
    def brand(self) -> str:
        return self.url.partition("://")[0]

    def to(self, reader: Reader, numbers: Mapping[str, str]) -> str:
        """The address of one person; '' if the directory does not know what it names."""
        known = {"login": reader.login, "email": reader.email, "number": numbers.get(reader.login, "")}
        named = _SLOT.findall(self.url)
        if not all(known[slot] for slot in named):
            return ""
        return _SLOT.sub(lambda found: quote(known[found[1]], safe="+"), self.url)


@dataclass(frozen=True, slots=True)
class Echoing:
    """Which second channels there are; ``numbers``: login → telephone number; ``kinds``: what people hear of there."""

    people: tuple[Channel, ...] = ()
    rooms: tuple[Channel, ...] = ()
    numbers: Mapping[str, str] = field(default_factory=dict, repr=False)
    kinds: frozenset[Kind] = frozenset()

    def named(self) -> dict[str, Channel]:
        """By their names; a name stands once in both files together."""
        return {one.name: one for one in (*self.people, *self.rooms)}


#: There is none.
NO_ECHO = Echoing()


@dataclass(frozen=True, slots=True)
class Words:
    """``short``: for services that take little."""

    subject: str
    text: str
    short: str


#: What takes an order back follows its echo by itself.
BACK = (Kind.RESCINDED, Kind.HALTED, Kind.RESUMED)


def configured(known: Channels) -> Echoing:
    """The channels of a configuration. Refused ``channel-unfit``, ``secret-unreadable``."""
    people = channels(known.text_of("people"), str(known.people_file), personal=True)
    rooms = channels(known.text_of("rooms"), str(known.rooms_file), personal=False)
    if twice := {one.name for one in people} & {one.name for one in rooms}:
        where = Where(str(known.rooms_file))
        raise Refused("channel-unfit", where, name=min(twice), why="its name is no name, or stands twice")
    kinds = frozenset(Kind(kind) for kind in known.kinds) - set(BACK)
    return Echoing(people, rooms, numbers(known.text_of("numbers")), kinds)


def channels(text: str, path: str, *, personal: bool) -> tuple[Channel, ...]:
    """The channels of a file: a line ``NAME URL`` each. Refused ``channel-unfit`` with its line, never with its address."""
    found: dict[str, Channel] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, _, url = line.strip().partition(" ")
        where = Where(path, number)
        if not _NAME.fullmatch(name) or name in found:
            raise Refused("channel-unfit", where, name=name[:40], why="its name is no name, or stands twice")
        found[name] = Channel(name, url.strip(), personal)
        _examine(found[name], where)
    return tuple(found.values())


def numbers(text: str) -> dict[str, str]:
    """Login → telephone number, from lines ``LOGIN,NUMBER``; what is no number is left out."""
    rows = (line.partition(",") for line in text.splitlines())
    return {login.strip().lower(): number.strip() for login, _, number in rows if re.fullmatch(r"\+?[0-9]{5,15}", number.strip())}


def _examine(channel: Channel, where: Where) -> None:
    slots = set(_SLOT.findall(channel.url))
    if channel.brand not in SERVICES:
        known = ", ".join(SERVICES)
        raise Refused("channel-unfit", where, name=channel.name, why=f"its service is none of {known}")
    if not slots <= set(_PERSONAL) or bool(slots) is not channel.personal:
        why = "a person's channel names {login}, {email} or {number}, and a room none of them"
        raise Refused("channel-unfit", where, name=channel.name, why=why)
    if _ELSEWHERE & {key.lstrip("+-:").lower() for key in parse_qs(urlsplit(channel.url).query, keep_blank_values=True)}:
        raise Refused("channel-unfit", where, name=channel.name, why="it names words that stand elsewhere")
    somebody = Reader("somebody", "somebody@example.org", "", "UTC", ())
    _sender(channel, channel.to(somebody, {"somebody": "+15551234567"}))


def send(channel: Channel, url: str, words: Words, carrier: Carrier) -> tuple[Result, str]:
    """Hand the words over, to the address that ``Channel.to`` gave (a room's is its ``url``). What became of it, in words."""
    try:
        with carried(carrier):
            sender = _sender(channel, url)
            fits = len(words.subject) + len(words.text) + 2 <= int(sender.body_maxlen)
            taken = sender.notify(body=words.text if fits else words.short, title=words.subject, body_format="text")
    except Refused as refused:
        return Result.REFUSED, refused.sentence
    except (RequestException, ValueError, TypeError, KeyError, AttributeError) as wrong:
        taken = None
        failed = type(wrong).__name__
    else:
        failed = ""
    return _outcome(carrier.statuses, failed, taken=bool(taken))


def _outcome(statuses: list[int | None], failed: str, *, taken: bool) -> tuple[Result, str]:
    last = statuses[-1] if statuses else None
    if taken and last is not None:
        return Result.ACCEPTED, str(last)
    if not statuses:
        return Result.REFUSED, f"nothing was sent {failed}".strip()
    if None in statuses:
        return Result.UNKNOWN, "nobody answered"
    retry = last is not None and (last in (408, 425, 429) or last >= 500)
    return (Result.RETRY if retry else Result.REFUSED), f"it answered {last}"


def tame(value: str) -> str:
    """A value of somebody's own as it may stand among the words: no mention, link or mark-up of any service."""
    return value.translate(_TAMED)


def _sender(channel: Channel, url: str) -> Any:
    """The service as Apprise has it, whose requests are ours. Refused ``channel-unfit``."""
    module, name = SERVICES[channel.brand]
    plugin = import_module(f"apprise.plugins.{module}")
    plugin.requests = REQUESTS  # type: ignore[attr-defined]
    made = getattr(plugin, name)
    try:
        said = made.parse_url(url)
        if said:
            return made(**said, asset=_asset())
    except Exception as wrong:  # whatever it does not like of an address; its words may repeat a secret
        raise Refused("channel-unfit", name=channel.name, why=f"Apprise refuses its address ({type(wrong).__name__})") from None
    raise Refused("channel-unfit", name=channel.name, why="Apprise refuses its address")


def _asset() -> Any:
    from apprise.asset import AppriseAsset

    logging.getLogger("apprise").disabled = True  # it quotes addresses, which are secrets
    return AppriseAsset(
        app_id="Countermand", app_desc="Countermand", app_url="", image_url_mask="", image_url_logo="", image_path_mask="",
        async_mode=False, storage_mode="memory", secure_logging=True,
    )  # fmt: skip
