"""Whether notices will arrive and be believed: what the domain says of its mail (SPF, DKIM, DMARC), and one message sent.

RFC 7208 (SPF), RFC 6376 (DKIM), RFC 7489 (DMARC). The world is asked through two functions, so that a drill asks nobody.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from countermand.core.instants import Instant
from countermand.core.languages import SOURCE
from countermand.core.notices import Kind, Reader
from countermand.lib import words
from countermand.notices import compose, templates
from countermand.notices.compose import Envelope
from countermand.notices.mail import Courier, Letter, Result, Server

#: (name, record type) → the records' texts; empty if there are none. OSError if nobody could be asked.
Look = Callable[[str, str], Sequence[str]]


class Verdict(StrEnum):
    GOOD = "good"
    WEAK = "weak"  # it works, and can be abused or improved
    BAD = "bad"
    UNASKED = "unasked"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was looked at, and what was found."""

    what: str
    verdict: Verdict
    words: str


def domain_steps(sender: str, selector: str, look: Look, return_path: str = "") -> Iterator[Step]:
    """What DNS says of the sender's domain, and of the one that bounces go to: SPF is asked of that one. Never raises: who
    cannot be asked is a step too."""
    domain = sender.rpartition("@")[2].lower()
    back = (return_path or sender).rpartition("@")[2].lower()
    asked: dict[str, Callable[[], tuple[Verdict, str]]] = {
        "mail exchanger": lambda: _exchanger(back, look),
        "SPF": lambda: _spf(back, look),
        "DKIM": lambda: _dkim(domain, selector, look),
        "DMARC": lambda: _dmarc(domain, look),
        "alignment": lambda: _aligned(domain, back, selector, look),
    }
    for what, ask in asked.items():
        try:
            yield Step(what, *ask())
        except OSError as wrong:
            yield Step(what, Verdict.UNASKED, f"DNS could not be asked: {type(wrong).__name__}")


def _exchanger(domain: str, look: Look) -> tuple[Verdict, str]:
    found = look(domain, "MX")
    if found:
        return Verdict.GOOD, f"bounces can reach {domain}: {found[0]}"
    return Verdict.WEAK, f"{domain} has no MX: bounces may not reach it"


def _spf(domain: str, look: Look) -> tuple[Verdict, str]:
    found = [text for text in look(domain, "TXT") if text.lower().split(" ")[0] == "v=spf1"]
    if len(found) != 1:
        return Verdict.BAD, f"{domain} has {len(found)} SPF records; it needs exactly one"
    last = found[0].split()[-1].lower()
    if last in ("-all", "~all") or last.startswith("redirect="):
        return Verdict.GOOD, found[0]
    return Verdict.WEAK, f"{found[0]}: everybody may send for {domain}; end it with -all"


def _dkim(domain: str, selector: str, look: Look) -> tuple[Verdict, str]:
    """Alignment: the mail server must sign with d= this domain, which a key under it makes possible."""
    if not selector:
        return Verdict.UNASKED, "smtp.dkim_selector names no selector"
    name = f"{selector}._domainkey.{domain}"
    tags = next((found for text in look(name, "TXT") if "p" in (found := _tags(text))), None)
    if tags is None:
        return Verdict.BAD, f"there is no key at {name}"
    if not tags["p"]:
        return Verdict.BAD, f"the key at {name} is revoked"
    return Verdict.GOOD, f"a key at {name}, aligned with {domain}"


def _dmarc(domain: str, look: Look) -> tuple[Verdict, str]:
    """The domain's own policy, else its organisation's."""
    name, tags = _policy(domain, look)
    if not name:
        return Verdict.BAD, f"there is no policy at _dmarc.{domain}: anybody can send in its name"
    policy = tags.get("sp", tags.get("p", "none")) if name != domain else tags.get("p", "none")
    return (Verdict.GOOD if policy in ("reject", "quarantine") else Verdict.WEAK), f"policy {policy} at _dmarc.{name}"


def _policy(domain: str, look: Look) -> tuple[str, dict[str, str]]:
    """(the domain at which the policy stands, its tags); the first is '' if there is none."""
    for name in dict.fromkeys((domain, _organisation(domain))):
        for text in look(f"_dmarc.{name}", "TXT"):
            if (tags := _tags(text)).get("v", "") == "DMARC1":
                return name, tags
    return "", {}


def _organisation(domain: str) -> str:
    """Here the two last labels, which is what most are."""
    return ".".join(domain.split(".")[-2:])


def _aligned(domain: str, back: str, selector: str, look: Look) -> tuple[Verdict, str]:
    """DMARC believes a message whose From has the domain that SPF or DKIM vouches for (RFC 7489, 3.1): the same one where the
    policy is strict, one of the same organisation where it is not. One of the two is enough, and forwarding breaks SPF."""
    strict = _policy(domain, look)[1].get("aspf", "r").lower() == "s"
    spf = back == domain if strict else _organisation(back) == _organisation(domain)
    signs = bool(selector) and _dkim(domain, selector, look)[0] is Verdict.GOOD
    return_ = f"bounces go to {back}, {'aligned' if spf else 'not aligned'} with {domain}"
    if signs:
        return Verdict.GOOD, f"{return_}; DKIM is by its key, which survives forwarding"
    if spf:
        return Verdict.WEAK, f"{return_}; without DKIM a forwarded notice is refused"
    return Verdict.BAD, f"{return_}, and no DKIM key is aligned either: DMARC refuses every notice"


def _tags(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(";"))
    return {key.strip().lower(): "".join(value.split()) for key, equals, value in pairs if equals}


def sending_steps(
    server: Server, recipient: str, origin: str, clock: Callable[[], Instant], return_path: str = ""
) -> Iterator[Step]:
    """Send one message, an exercise, through the configured server, and say how far it came."""
    yield _transport(server)
    letter = Letter(0, recipient, _exercise(server.sender, recipient, origin, clock()), return_path)
    courier = Courier(server, clock)
    try:
        outcome = next(iter(courier.send([letter], clock() + int(server.timeout * 1000))))
    finally:
        courier.close()
    verdict = {Result.ACCEPTED: Verdict.GOOD, Result.RETRY: Verdict.WEAK}.get(outcome.result, Verdict.BAD)
    yield Step("one message", verdict, f"{outcome.result.value}: {outcome.answer}")
    if outcome.result is Result.ACCEPTED:
        yield Step("look at it", Verdict.UNASKED, "its Authentication-Results should say dkim=pass and dmarc=pass")


def _transport(server: Server) -> Step:
    if server.starttls:
        return Step("transport", Verdict.GOOD, f"{server.host}:{server.port} over TLS, its certificate checked")
    return Step("transport", Verdict.WEAK, f"{server.host}:{server.port} without TLS: for a mail server on this machine only")


def _exercise(sender: str, recipient: str, origin: str, now: Instant) -> bytes:
    subject, *body = [words.say(SOURCE, part) for part in templates.TEMPLATES[Kind.DRILL][:-2]]
    text = "\n\n".join([f"{templates.SUBJECT}{subject}", *body]).replace("{title}", origin) + "\n"
    reader = Reader(recipient, recipient, re.sub(r"@.*", "", recipient), "UTC", ())
    envelope = Envelope(f"<check-{now}@{origin}>", "", now, None, "")
    return compose.fill(compose.lay_out(Kind.DRILL, text, sender), reader, envelope, "UTC")
