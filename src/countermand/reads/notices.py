"""Notices before they are sent: what a directive would say to somebody, and what should be seen in its words first."""

from dataclasses import dataclass, replace

from countermand.config import Config
from countermand.core import schedule, schema
from countermand.core.directive import Directive
from countermand.core.errors import Refused
from countermand.core.instants import DAY, Instant
from countermand.core.languages import LANGUAGES, SOURCE
from countermand.core.lifecycle import State
from countermand.core.notices import Kind
from countermand.lib import yaml
from countermand.notices import compose
from countermand.notices.channels import configured
from countermand.notices.lint import SAMPLE, Finding, lint
from countermand.notices.texts import rendered_texts, text_of
from countermand.store import directives, echoes
from countermand.store.unit import reading

KINDS = [one.value for one in Kind]


@dataclass(frozen=True, slots=True)
class NoticePreview:
    """A notice as a sample reader would get it. ``own``: True if the words are the approved ones of a bundle, False if the
    bundle is not made yet; ``size`` in bytes."""

    kind: str
    language: str
    subject: str
    text: str
    html: str
    size: int
    own: bool


@dataclass(frozen=True, slots=True)
class Linted:
    """``texts``: how many were looked at."""

    texts: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class PublicRecord:
    """What is said of a directive in public, and to its vendor. ``standing``: the statement that holds now, '' if there is none;
    ``issued`` and ``correction``: both as approved; ``vendor_asked`` and ``vendor_said``: whether the vendor was contacted,
    and what it answered; ``version``: whose words these are."""

    directive: str
    version: int
    title: str
    standing: str
    issued: str
    correction: str
    vendor_asked: str
    vendor_said: str


def public_record(name: str) -> PublicRecord:
    """Of the version that was issued last, or else of the newest. Refused ``not-found``."""
    with reading():
        lineage, newest = directives.known(name), directives.newest(name)
        versions = directives.versions(name)
    row = next((one for one in reversed(versions) if one.issued_at is not None), newest)
    directive = schema.read(dict(row.document))
    issued, correction = directive.public_text["issued"] or "", directive.public_text["rescinded"] or ""
    standing = correction if lineage.ended_at is not None else issued if row.state is State.ISSUED else ""
    asked, said = directive.vendor["contacted"] or "", directive.vendor["statement"] or ""
    return PublicRecord(name, row.number, directive.title, standing, issued, correction, str(asked), said)


@dataclass(frozen=True, slots=True)
class ChannelView:
    """A second channel. ``kinds``: which notices it repeats; ``states``: how many echoes are in which state."""

    name: str
    service: str
    personal: bool
    kinds: tuple[str, ...]
    states: dict[str, int]


def second_channels(config: Config) -> tuple[ChannelView, ...]:
    """The channels of the configuration, without their addresses. Refused ``channel-unfit``."""
    known = configured(config.channels)
    with reading():
        counted = echoes.states()
    return tuple(
        ChannelView(
            one.name,
            one.brand,
            one.personal,
            tuple(sorted(kind.value for kind in known.kinds)) if one.personal else ("issued", "superseded"),
            {state: count for (name, state), count in sorted(counted.items()) if name == one.name},
        )
        for one in (*known.people, *known.rooms)
    )


def preview(name: str, kind: str, language: str, zone: str, config: Config, now: Instant) -> NoticePreview:
    """The newest version's notice of a kind. Refused ``not-found``, ``unknown-choice`` for a kind, language or zone that
    there is not."""
    wanted, tongue = Kind(_choice("kind", kind, KINDS)), _choice("language", language, list(LANGUAGES))
    document, texts, approved = _texts(name, config)
    words = text_of(texts, wanted, tongue) or ("", SOURCE)
    found = _shown(schema.read(document), wanted, words, SAMPLE.devices, zone, config, now)
    return replace(found, own=approved)


def preview_text(text: str, kind: str, language: str, device: str, config: Config, now: Instant) -> NoticePreview:
    """The same of a text that is stored nowhere, for somebody whose one phone is of the platform ``device``; '' = who has two.
    Refused with every problem of the text."""
    wanted, tongue = Kind(_choice("kind", kind, KINDS)), _choice("language", language, list(LANGUAGES))
    written = yaml.load(text, None)
    directive = schema.read(written.plain, written.where)
    words = text_of(rendered_texts(directive, config.pages.url, (tongue,)), wanted, tongue) or ("", SOURCE)
    devices = tuple(one for one in SAMPLE.devices if device in ("", one[0]))
    return _shown(directive, wanted, words, devices, "", config, now)


def _shown(
    directive: Directive,
    kind: Kind,
    words: tuple[str, str],
    devices: tuple[tuple[str, str, Instant | None], ...],
    zone: str,
    config: Config,
    now: Instant,
) -> NoticePreview:
    """``words``: the text and its language."""
    text, spoken = words
    clock = schedule.clock_of(zone or "UTC", directive.fallback_zone)
    reader = replace(SAMPLE, zone=clock, devices=tuple((one[0], one[1], now - 2 * DAY) for one in devices))
    due = schedule.due_at_claim(directive, clock, now, now, config.notices.lease)
    envelope = compose.Envelope(
        f"<preview@{config.origin}>", "", now, due, "ABCDE-23456", "sent-in-error", None if due is None else due + 30 * DAY
    )
    message = compose.fill(compose.lay_out(kind, text, config.smtp.sender, spoken), reader, envelope, clock)
    filled = compose.filled_text(text, spoken, reader, envelope, clock)
    subject, _, body = filled.partition("\n")
    return NoticePreview(
        kind=kind.value,
        language=spoken,
        subject=subject.partition(":")[2].strip(),
        text=body.strip(),
        html=compose.html_in(message),
        size=len(message),
        own=False,
    )


def linted(name: str, config: Config) -> Linted:
    """What to see in the newest version's notices. Refused ``not-found``, and as ``rendered_texts`` does."""
    document, texts, _ = _texts(name, config)
    return Linted(len(texts), tuple(lint(schema.read(document), texts)))


def _texts(name: str, config: Config) -> tuple[dict[str, object], dict[str, str], bool]:
    """(document, texts, whether they are a bundle's)."""
    from countermand.core.bundle import Bundle

    with reading():
        row = directives.newest(name)
    document = dict(row.document)
    if row.bundle and row.state is not State.DRAFT:
        return document, dict(Bundle.opened(row.bundle).texts), True
    return document, dict(rendered_texts(schema.read(document), config.pages.url)), False


def _choice(what: str, given: str, known: list[str]) -> str:
    if given not in known:
        raise Refused("unknown-choice", what=what, name=given, known=", ".join(known))
    return given
