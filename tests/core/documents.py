"""Documents that tests start from: the smallest that can be issued, and the one that DESIGN §4 shows."""

from copy import deepcopy
from typing import Any

from countermand.core.directive import Directive
from countermand.core.schema import read

SMALL: dict[str, Any] = {
    "schema": "countermand/v1",
    "id": "no-tiktok",
    "title": "Remove TikTok",
    "issuer": "Information Security",
    "reason": "Security risks.",
    "prohibits": [{"product": "TikTok"}],
    "consequence": "report_only",
}

FOUNDING = """\
schema: countermand/v1
id: no-tiktok-on-mail
title: Remove TikTok from mobile devices that read company mail
issuer: Information Security
reason: Security risks.
grounds: [{claim: The owner must hand over data, source: https://example.org/law, as_of: 2020-07-06}]
prohibits:
  - product: TikTok
  - owner: ByteDance
    except: [{product: Lark}]
applies_to:
  people: {groups: [all-staff], countries: [NO], except_groups: [incident-response]}
  devices: {platforms: [ios, android], reads_mail: true, unregistered: deny}
  force: {corporate: mandatory, personal: mandatory, contractor: recommendation}
audience: in_scope
consequence: deny_mail
due: {at: 2020-07-17T17:00, zone: recipient, fallback_zone: Europe/Berlin}
minimum_notice: 72h
stages: [{what: identify, due: 2020-07-12}]
reminders: [3d, 1d, 2h]
comply_by: [remove_app]
evidence: {max_age: 7d, minimum_grade: {corporate: inventory, personal: attested}, unknown: allow}
exemptions: {grounds: [law-enforcement, security-research], max_duration: 365d}
rollout: {rings: [{share: 1%, hold: 4h}, {share: 10%, hold: 24h}, {share: 100%}], halt_if: {denied_share: 10%}}
gate: {max_staleness: 24h, on_stale: allow}
sunset: 2021-01-17
vendor: {contacted: null, statement: null}
public_text: {issued: null, rescinded: null}
notices: {issued: default, reminder: default, denied: default, restored: default, rescinded: default}
"""


def document(**changes: Any) -> dict[str, Any]:
    """The small document with keys replaced; None takes a key out."""
    made = {**deepcopy(SMALL), **changes}
    return {key: value for key, value in made.items() if value is not None}


def directive(**changes: Any) -> Directive:
    return read(document(**changes))
