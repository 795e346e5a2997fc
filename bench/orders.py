"""An order on its way in a benchmark's database: accounts, a signed directive, issued."""

import subprocess
from pathlib import Path

from countermand.access import Act, Actor, Role
from countermand.core.guardrails import Rails
from countermand.core.instants import DAY
from countermand.flows.approve import approve
from countermand.flows.issue import Issued, issue
from countermand.flows.propose import Proposed, propose
from countermand.flows.write import write
from countermand.lib import sshsig
from countermand.reads.bundles import to_sign
from countermand.store import models, operators
from countermand.store.unit import unit

DOCUMENT = """\
schema: countermand/v1
id: {name}
title: Remove TikTok from mobile devices that read company mail
issuer: Information Security
reason: Security risks.
prohibits: [{{product: TikTok}}]
applies_to:
  people: {{groups: [{groups}]}}
  devices: {{platforms: [ios, android], reads_mail: true}}
consequence: deny_mail
due: {{at: 2020-07-17T17:00, zone: recipient, fallback_zone: UTC}}
minimum_notice: 72h
evidence: {{max_age: 7d, minimum_grade: {{corporate: inventory, personal: attested, contractor: attested}}}}
notices: {{rescinded: default}}
"""


def by(role: Role, now: int, name: str = "") -> Act:
    return Act(Actor(name or role.value, frozenset({role})), now)


def open_house(folder: Path, now: int) -> None:
    """An installation with an author, two approvers and an operator, long enough ago."""
    models.Installation.objects.create(drill=False, origin="example.org", epoch=1, created=now - 90 * DAY)
    for name in ("author", "first", "second", "operator"):
        role = name if name in {"author", "operator"} else "approver"
        key = folder / f"{name}.key"
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        public = sshsig.public_key(key.with_suffix(".key.pub").read_text())
        account = operators.Operator(name, frozenset({role}), public, now - 90 * DAY, now - 90 * DAY, active=True)
        with unit():
            operators.add(account, f"token of {name}")


def proposed(name: str, groups: tuple[str, ...], now: int) -> Proposed:
    author = by(Role.AUTHOR, now)
    write(author, DOCUMENT.format(name=name, groups=", ".join(groups)))
    return propose(author, name, rails=Rails())


def issued(folder: Path, name: str, people: int, peak: int, now: int) -> Issued:
    for approver in ("first", "second"):
        signature = sshsig.sign(folder / f"{approver}.key", to_sign(name, now).digest)
        approve(by(Role.APPROVER, now, approver), name, signature)
    return issue(by(Role.OPERATOR, now), name, expected=people, acknowledged=peak)
