"""Hearing from a mail provider that notices did not arrive: who posted it is proven first, then each is taken back.

What was taken before is known, so a provider may post the same as often as it likes.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache

from countermand.access import Act, require
from countermand.config import Config
from countermand.core.errors import Refused
from countermand.flows.bounce import of, take_back
from countermand.flows.bring_bounces import CameBack
from countermand.lib import keys
from countermand.lib.http import Http, Unreachable
from countermand.notices import providers
from countermand.notices.bounces import Report
from countermand.notices.returning import Returning
from countermand.store.unit import reading

#: (host, path) → what stands there.
Fetch = Callable[[str, str], bytes]
PROVIDERS = ("mailgun", "ses", "signed")


def returning(config: Config) -> Returning:
    """Where this installation's messages come back to."""
    return Returning(keys.load_or_create_secret(config.state_dir / "keys" / "notices.secret"), config.smtp.return_path)


def fetched(host: str, path: str) -> bytes:
    """What stands at an address of the internet. Refused ``provider-away``."""
    try:
        answer = Http(f"https://{host}", internet=True).send("GET", path, {})
    except Unreachable as fault:
        raise Refused("provider-away", host=host, why=str(fault)) from fault
    if answer.status != 200:
        raise Refused("provider-away", host=host, why=f"it answered {answer.status}")
    return answer.body


def posted_bounces(
    act: Act, config: Config, provider: str, headers: Mapping[str, str], body: bytes, fetch: Fetch = fetched
) -> CameBack:
    """Take back the telling of whomever the post speaks of. Refused ``unknown-token`` unless the provider proves who it is,
    ``report-not-delivery``, and ``report-early`` for what it should post again: the hand-over is not settled yet."""
    require(act.actor, "bounce")
    reports = _reports(act, config, provider, headers, body, fetch)
    failed = list(dict.fromkeys(one for one in reports if one.failed))
    with reading():
        notices = of(failed, returning(config))
    if early := next((one for one in notices if isinstance(one, Refused) and one.code == "report-early"), None):
        raise early
    ours = {one.id: (one, report) for one, report in zip(notices, failed, strict=True) if not isinstance(one, Refused)}
    new = [pair for pair in ours.values() if not pair[0].bounced]
    done = [take_back(act, notice, report.why) for notice, report in new]
    return CameBack(
        messages=len(reports),
        bounced=len(new),
        already=len(ours) - len(new),
        untold=tuple(one.login for one in done if one.untold),
        underway=len(reports) - len(failed),
        passed_over=tuple(one for one in notices if isinstance(one, Refused)),
    )


def _reports(act: Act, config: Config, provider: str, headers: Mapping[str, str], body: bytes, fetch: Fetch) -> list[Report]:
    known, at = config.bounces, returning(config)
    if provider == "mailgun":
        return providers.mailgun(known.secret_of(provider), body, at)
    if provider == "signed":
        return providers.signed(known.secret_of(provider), headers, body, act.now, at)
    if provider != "ses" or act.drill:
        raise providers.unproven()  # a drill asks nobody for a certificate
    found = providers.envelope(body, known.ses_topics)
    providers.prove(found, _certificate(fetch, *found.certificate), act.now)
    if found.kind == "SubscriptionConfirmation" and found.confirm.startswith("/"):
        fetch(found.certificate[0], found.confirm)
    return providers.ses(found.message, at) if found.kind == "Notification" else []


@lru_cache(maxsize=32)
def _certificate(fetch: Fetch, host: str, path: str) -> bytes:
    """The name of a certificate changes with its content, so it is fetched once."""
    return fetch(host, path)
