"""Making the tokens of what a stream says: signed when they leave, each under the ``jti`` and the time that it was made with."""

from collections.abc import Mapping, Sequence
from typing import Any

from countermand.core import caep
from countermand.core.caep import Compliance, Letterhead
from countermand.core.languages import LANGUAGES
from countermand.lib.read_json import read_json
from countermand.lib.rsa_keys import Signer
from countermand.lib.words import say, word
from countermand.store import directives, said
from countermand.store.said import Waiting
from countermand.store.streams import Stream

_TYPE = "secevent+jwt"
_BLOCKED, _WORKS = word("Mail is blocked on this device"), word("Mail works on this device")
_ABOUT_STREAM = {said.VERIFICATION: caep.VERIFICATION, said.UPDATED: caep.STREAM_UPDATED}


def tokens(issuer: str, stream: Stream, waiting: Sequence[Waiting], signer: Signer) -> dict[str, str]:
    """jti → token."""
    head = Letterhead(issuer, stream.receiver.audience, stream.receiver.inside)
    abouts = {one.jti: read_json(one.about) for one in waiting}
    titles = _titles({int(number) for about in abouts.values() for _, number in about.get("because", ())})
    made = {}
    for one in waiting:
        about = abouts[one.jti]
        type_, event = _event(one, about, titles)
        plain = caep.claims(head, one.jti, one.at, about["txn"], read_json(one.subject), type_, event)
        made[one.jti] = signer.sign(plain, _TYPE)
    return made


def _event(one: Waiting, about: Mapping[str, Any], titles: Mapping[int, str]) -> tuple[str, caep.Json]:
    if one.kind in _ABOUT_STREAM:
        return _ABOUT_STREAM[one.kind], about["event"]
    orders = "; ".join(titles[number] for _, number in about["because"] if number in titles)
    denied = one.kind == said.REVOKED or bool(one.denied)
    reason = f"Denied by {orders}" if denied and orders else "Denied by an order in force" if denied else _eased(orders)
    advice = {language: say(language, _BLOCKED if denied else _WORKS) for language in LANGUAGES}
    if one.kind == said.REVOKED:
        return caep.SESSION_REVOKED, caep.revoked(about["at"], about["by"], reason, advice)
    now = Compliance.NOT_COMPLIANT if denied else Compliance.COMPLIANT
    return caep.COMPLIANCE, caep.changed(now, about["at"], about["by"], reason, advice)


def _eased(orders: str) -> str:
    return f"No longer denied by {orders}" if orders else "Denied by no order"


def _titles(numbers: set[int]) -> dict[int, str]:
    """How administrators know an order: its name, its version and its title."""
    found = {}
    for number in numbers:
        row = directives.version(number)
        found[number] = f"{row.lineage}, version {row.number}: {row.document.get('title', '')}"
    return found
