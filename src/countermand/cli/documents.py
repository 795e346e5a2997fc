"""The document's commands: its schema, and writing and proposing one."""

from countermand.cli.command import command
from countermand.cli.session import Session


@command("schema", ["countermand schema", "countermand schema > directive.schema.json"])
def schema(session: Session) -> None:
    """Print the JSON Schema of a directive document, for editors that complete and check while you write."""
    from countermand.cli.render import as_json
    from countermand.core.schema import SCHEMA

    print(as_json(SCHEMA))
