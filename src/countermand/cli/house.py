"""Setting up a house: ``countermand init`` and ``countermand operator``."""

import getpass
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from countermand.cli.command import DryRun, command, group
from countermand.cli.dry import would
from countermand.cli.passkeys import forget, invite, passkeys_
from countermand.cli.session import Session, read_text
from countermand.core.errors import Refused, Where

if TYPE_CHECKING:
    from rich.console import RenderableType

    from countermand.flows.accounts import First
    from countermand.operations.house import Token
    from countermand.reads.operators import Operator

_WORDS = """\
# Countermand's configuration. Every key has a default; an unknown key is an error. Paths are relative to this file.

# Names this installation in its ledger and in what approvers sign. Do not change it later.
origin = "{origin}"

# Where the database and the keys live.
state_dir = "state"

[smtp]
host = "127.0.0.1"
port = 25
sender = "countermand@{origin}"
"""

First_ = Annotated[
    list[str] | None,
    typer.Option("--operator", metavar="NAME=ROLE+ROLE", help="A first operator with its roles; give two or more."),
]
Keys = Annotated[
    list[str] | None, typer.Option("--key", metavar="NAME=FILE", help="A first operator's SSH public key, to approve with.")
]
Origin = Annotated[str, typer.Option(help="The name of this installation, for a new configuration file.")]
Drill = Annotated[bool, typer.Option("--drill", help="Make a drill's database: its clock can be moved, and nothing leaves it.")]
RoleName = Annotated[
    list[str], typer.Option("--role", help="administrator, author, approver, operator, helpdesk, auditor or observer.")
]
Name = Annotated[str, typer.Argument(help="The account's name.")]
KeyFile = Annotated[Path | None, typer.Option("--key", metavar="FILE", help="The SSH public key (.pub) to approve with.")]


@dataclass(frozen=True, slots=True)
class House:
    """What ``init`` made."""

    config: Path
    database: str
    drill: bool
    tokens: "tuple[Token, ...]"
    keys: Mapping[str, Path]
    links: Mapping[str, str]


@command(
    "init",
    [
        "countermand init --origin countermand.example.org",
        "countermand init --operator ann=administrator+author --operator bo=approver+operator --key bo=bo.pub",
    ],
)
def init(
    session: Session, operator: First_ = None, key: Keys = None, origin: Origin = "countermand.localhost", drill: Drill = False
) -> None:
    """Set up the database, its keys and the first operators; prints each operator's token and link to the console, once.

    Writes the configuration file if there is none. Without --operator it makes two accounts: one in your name that
    administers and writes, and `approver`, which approves and operates.
    """
    from countermand.flows import accounts
    from countermand.operations.house import Token

    session.here()
    firsts = _firsts(operator or [], dict(pair(one, "--key") for one in key or []))
    if not session.config_path.exists():
        session.config_path.parent.mkdir(parents=True, exist_ok=True)
        session.config_path.write_text(_WORDS.format(origin=origin), encoding="utf-8")
    config = session.config
    made = accounts.init(config, firsts, drill=drill)
    tokens = tuple(Token(name, token) for name, token in made.tokens.items())
    links = {name: config.link(secret) for name, secret in made.links.items()}
    session.show(House(session.config_path, str(config.database), drill, tokens, made.keys, links), _house)


@command("add", ["countermand operator add carla --role approver --key carla.pub"])
def add(session: Session, name: Name, role: RoleName, key: KeyFile = None, dry_run: DryRun = False) -> None:
    """Open an account and print its token, once. It may do nothing until a second person agreed to its roles (`operator agree`)
    and a waiting time is over."""
    from countermand.operations import house

    done = session.call(house.add_operator, name, role, read_text(key) if key else "", dry_run)
    words = "The account {} is opened." if dry_run else "The token of {}, shown this once:"
    session.show(done, lambda made: f"{would(dry_run)}{words.format(made.operator)}\n{made.token}".rstrip())


@command("roles", ["countermand operator roles carla --role author --role operator"])
def roles_(session: Session, name: Name, role: RoleName, dry_run: DryRun = False) -> None:
    """Give an account these roles instead of those that it has. Fewer hold at once; anything else waits for a second person
    (`operator agree`), and then for a waiting time."""
    from countermand.operations import house

    done = session.call(house.change_roles, name, role, dry_run)
    waits = f"It waits for somebody who agrees: countermand operator agree {name}"
    session.show(
        done, lambda made: f"{would(dry_run)}{waits if made.wanted else f'{name} is now: ' + ', '.join(sorted(made.roles))}"
    )


@command("agree", ["countermand operator agree carla"])
def agree_(session: Session, name: Name, dry_run: DryRun = False) -> None:
    """Agree to the roles that somebody else proposed for an account. They hold after a waiting time."""
    from countermand.operations import house

    done = session.call(house.agree_roles, name, dry_run)
    session.show(done, lambda made: f"{would(dry_run)}{name} has its roles from {session.moment(made.since)}.")


@command("stop", ["countermand operator stop carla"])
def stop_(session: Session, name: Name, dry_run: DryRun = False) -> None:
    """Stop a change of roles that does not hold yet."""
    from countermand.operations import house

    done = session.call(house.stop_roles, name, dry_run)
    session.show(
        done, lambda made: f"{would(dry_run)}{name} stays what it is: {', '.join(sorted(made.roles)) or 'without a role'}."
    )


@command("list", ["countermand operator list"])
def every(session: Session) -> None:
    """List the accounts, closed ones too."""
    from countermand.operations import house

    found = session.every(lambda after: session.call(house.list_operators, after))
    session.show(found, lambda accounts: _accounts(session, accounts))


@command("key", ["countermand operator key carla carla.pub"])
def key_(
    session: Session,
    name: Name,
    file: Annotated[Path, typer.Argument(help="The SSH public key (.pub).")],
    dry_run: DryRun = False,
) -> None:
    """Register another SSH key for an account; its approvals count again after the waiting time."""
    from countermand.operations import house

    done = session.call(house.change_key, name, read_text(file), dry_run)
    session.show(done, lambda made: f"{would(dry_run)}{name} can approve from {session.moment(made.may_approve_from)}.")


@command("close", ["countermand operator close carla"])
def close(session: Session, name: Name, dry_run: DryRun = False) -> None:
    """Close an account: its token opens nothing any more, and what it did keeps its name."""
    from countermand.operations import house

    session.show(session.call(house.close_operator, name, dry_run), lambda _: f"{would(dry_run)}{name} is closed.")


FAMILY = group(
    "operator",
    "Console accounts: who may do what, and with which key they approve.",
    add,
    roles_,
    agree_,
    stop_,
    every,
    key_,
    invite,
    passkeys_,
    forget,
    close,
)


def _firsts(named: list[str], keys: dict[str, str]) -> "list[First]":
    from countermand.access import Role
    from countermand.flows.accounts import First
    from countermand.operations.house import role

    if named:
        roles = {
            name: frozenset(role(word) for word in words.split("+")) for name, words in (pair(one, "--operator") for one in named)
        }
    else:
        roles = {
            getpass.getuser(): frozenset({Role.ADMINISTRATOR, Role.AUTHOR, Role.OPERATOR}),
            "approver": frozenset({Role.APPROVER, Role.OPERATOR}),
        }
    for name in keys.keys() - roles.keys():
        raise Refused("not-found", Where(field="--key"), what="first operator", name=name, nearest=", ".join(roles))
    return [First(name, held, read_text(Path(keys[name])) if name in keys else "") for name, held in roles.items()]


def pair(text: str, option: str) -> tuple[str, str]:
    """(name, value) of ``NAME=VALUE``. Refused ``not-a-pair``."""
    name, sign, value = text.partition("=")
    if not (name and sign and value):
        raise Refused("not-a-pair", Where(field=option), text=text, option=option)
    return name, value


def _house(house: House) -> "RenderableType":
    from countermand.cli.render import page, table

    name = house.tokens[0].operator
    steps = [
        f"Next, as {name}:  export COUNTERMAND_TOKEN={house.tokens[0].token}",
        "Then bring in whom and what you have:  countermand import people people.csv",
        "Write an order and see what it would do:  countermand write order.yaml; countermand preview ID",
    ]
    return page(
        f"{'A drill is' if house.drill else 'Countermand is'} set up in {house.database}; its configuration is {house.config}.",
        table(["operator", "token (shown this once)"], [(one.operator, one.token) for one in house.tokens]),
        table(["operator", "makes a passkey for the console there, once, within three days"], [*house.links.items()]),
        f"Keys: {', '.join(str(path) for path in house.keys.values())}. Back them up; nobody can make them again.",
        "\n".join(steps),
    )


def _accounts(session: Session, found: "list[Operator]") -> "RenderableType":
    from countermand.cli.render import table

    rows = [
        (
            one.name,
            sorted(one.roles),
            bool(one.ssh_key),
            session.moment(one.may_approve_from),
            "active" if one.active else "closed",
        )
        for one in found
    ]
    return table(["name", "roles", "key", "approves from", ""], rows)
