"""The way of a text to approval: its schema, writing, proposing, approving."""

from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from countermand.cli.command import DryRun, command
from countermand.cli.dry import would
from countermand.cli.session import Session, read_text
from countermand.core.errors import Refused, Where

if TYPE_CHECKING:
    from rich.console import RenderableType

    from countermand.flows.approve import Approved
    from countermand.operations.directives import Proposal
    from countermand.reads.bundles import ToSign

Id = Annotated[str, typer.Argument(metavar="ID", help="The directive's id.")]
File = Annotated[Path, typer.Argument(help="The directive's YAML text; - reads standard input.")]
Key = Annotated[
    Path | None,
    typer.Option(
        "--key", metavar="FILE", envvar="COUNTERMAND_SSH_KEY", help="The SSH key to sign with; its .pub if an agent holds it."
    ),
]
Signature = Annotated[
    Path | None, typer.Option("--signature", metavar="FILE", help="A signature made elsewhere, instead of signing here.")
]
Resumption = Annotated[bool, typer.Option("--resume", help="Approve the resumption of a halted directive instead of an issue.")]


@command("schema", ["countermand schema", "countermand schema > directive.schema.json", "countermand schema --parquet"])
def schema(
    session: Session,
    parquet: Annotated[bool, typer.Option("--parquet", help="The tables that `import parquet` reads, instead.")] = False,
) -> None:
    """Print the JSON Schema of a directive document, for editors that complete and check while you write."""
    from countermand.cli.render import as_json
    from countermand.operations import known

    print(as_json(session.call(known.tables) if parquet else session.call(known.schema)))


@command("write", ["countermand write no-tiktok.yaml", "countermand write no-tiktok.yaml --dry-run"])
def write(session: Session, file: File, dry_run: DryRun = False) -> None:
    """Store a directive's text as a draft. Another text of a proposed one makes it a draft again, without approvals.

    With --dry-run it checks the text and its selectors; that needs no installation.
    """
    text = read_text(file)
    if dry_run:
        from countermand.operations import known

        means = session.call(known.expand, text, str(file))
        session.show(means, lambda found: f"{found.directive} can be written: {len(found.apps)} app ids. Nothing was changed.")
        return
    from countermand.operations import directives

    done = session.call(directives.write, text, str(file))
    session.show(done, lambda made: "\n".join([f"Draft {made.number} of {made.lineage} is written.", *_cautions(made.cautions)]))
    session.say(f"Next: countermand preview {done.lineage}")


@command("propose", ["countermand propose no-tiktok --expected-people 4980", "countermand propose no-tiktok --dry-run"])
def propose(
    session: Session,
    directive: Id,
    expected: Annotated[
        int | None,
        typer.Option("--expected-people", min=0, help="The number of people, known from another source than this fleet."),
    ] = None,
    dry_run: DryRun = False,
) -> None:
    """Freeze a draft into the bundle that approvers sign: text, expanded app ids, notices, numbers, guard rails."""
    from countermand.operations import directives

    made = session.call(directives.propose, directive, expected, dry_run)
    session.show(made, lambda done: would(dry_run) + _proposed(done))
    if not dry_run:
        session.say(f"Next, by each approver: countermand approve {directive} --key ~/.ssh/id_ed25519")


@command(
    "approve",
    [
        "countermand approve no-tiktok --dry-run",
        "countermand approve no-tiktok --key ~/.ssh/id_ed25519",
        "countermand approve no-tiktok --resume --signature digest.sig",
    ],
)
def approve(
    session: Session,
    directive: Id,
    key: Key = None,
    signature: Signature = None,
    resume: Resumption = False,
    expected: Annotated[
        int | None, typer.Option("--expected-people", help="How many people you expect, from a source of yours.")
    ] = None,
    dry_run: DryRun = False,
) -> None:
    """Sign exactly what would happen: text, app ids, notices, numbers, guard rails. A token alone approves nothing.

    With --dry-run it shows what would be signed, and its digest: `ssh-keygen -Y sign -n countermand` signs it anywhere.
    """
    from countermand.core.bundle import Purpose
    from countermand.lib import sshsig
    from countermand.operations import directives

    purpose = Purpose.RESUME if resume else Purpose.ISSUE
    waiting = session.call(directives.to_sign, directive, purpose)
    # What is signed is what is shown, whoever stands between this machine and the installation.
    if sha256(waiting.text.encode()).hexdigest() != waiting.digest:
        raise Refused("digest-not-of-bundle")
    if dry_run:
        session.show(waiting, _to_sign)
        return
    if signature is None and key is None:
        raise Refused("no-key-named", Where(field="--key"))
    signed = read_text(signature) if signature else sshsig.sign(key or Path(), waiting.digest)
    session.show(session.call(directives.approve, directive, signed, purpose, expected), _approved)


@command("refuse", ["countermand refuse no-tiktok --why 'The contractors in Brazil have no other phone.'"])
def refuse(
    session: Session,
    directive: Id,
    why: Annotated[str, typer.Option(help="What would have to change; its authors read it.")],
    dry_run: DryRun = False,
) -> None:
    """Say no to a proposed directive: it is a draft again, and approvals that it had are void."""
    from countermand.operations import agreeing

    done = session.call(agreeing.refuse, directive, why, dry_run)
    session.show(done, lambda made: f"{would(dry_run)}Version {made.number} of {made.lineage} is a draft again.")


def _proposed(done: "Proposal") -> str:
    from countermand.core.wording import many

    lines = [
        f"Version {done.number} of {done.lineage} is proposed: {len(done.apps)} app ids, {done.people:,} people, "
        f"at most {many(done.peak, 'device')} can lose mail in one hour.",
        *(f"Cannot be seen: {product} on {platform}." for product, platform in done.unseen),
        *done.remarks,
        *_cautions(done.cautions),
        f"Digest: {done.digest}",
    ]
    return "\n".join(lines)


def _approved(done: "Approved") -> str:
    lines = [f"Version {done.number} of {done.lineage}: {done.have} of {done.need} approvals."]
    if done.drift:
        lines.append(
            f"The catalogue has moved: {len(done.drift.added)} ids more, {len(done.drift.gone)} fewer. The signed ones count."
        )
    return "\n".join(lines)


def _to_sign(waiting: "ToSign") -> "RenderableType":
    from countermand.cli.render import page, table
    from countermand.core.bundle import Bundle

    bundle = Bundle.opened(waiting.text)
    audience = bundle.audience
    facts = [
        ("installation", f"{bundle.origin}{' (a drill)' if bundle.drill else ''}"),
        ("directive", f"{waiting.lineage}, version {waiting.number}: {bundle.document.get('title', '')}"),
        ("for", waiting.purpose),
        ("written by", waiting.authors),
        ("approved by", f"{', '.join(sorted(waiting.have)) or 'nobody yet'}; it needs {waiting.need}"),
        ("app ids", "\n".join(sorted(str(app) for app in bundle.apps))),
        ("cannot be seen", "\n".join(sorted(f"{product} on {platform}" for product, platform in bundle.unseen))),
        ("told", f"{audience.rule}, at most {audience.most:,} people" if audience.most is not None else audience.rule),
        ("most denials in an hour", audience.peak),
        ("cautions", bundle.cautions),
        ("digest", waiting.digest),
    ]
    texts = list(bundle.texts.items())
    return page(table(["", "what would be signed"], facts), table(["notice", "text"], texts) if texts else None)


def _cautions(cautions: Any) -> list[str]:
    return [f"Caution: {caution.sentence} [{caution.code}]" for caution in cautions]
