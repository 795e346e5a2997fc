"""A house to try commands in, as its operators see it: the command line, one token each."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from countermand.cli.app import app
from countermand.config import Database

FIRSTS = {
    "ann": "administrator+author",
    "bo": "approver",
    "cy": "approver",
    "di": "operator+helpdesk+auditor",
}


@dataclass(slots=True)
class House:
    """``run("di", "halt", "x")``: the command as that operator, in this house's folder."""

    folder: Path
    database: Database
    tokens: dict[str, str] = field(default_factory=dict)

    def run(self, who: str, *words: str, **environment: str) -> Result:
        token = {"COUNTERMAND_TOKEN": self.tokens[who]} if who else {}
        found = {"COUNTERMAND_CONFIG": str(self.folder / "countermand.toml"), **token, **environment}
        return CliRunner().invoke(app, list(words), env=found)

    def ask(self, who: str, *words: str) -> Any:
        """The machine form of what a command says; it must succeed."""
        done = self.run(who, *words, "--json")
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    def key(self, who: str) -> str:
        return str(self.folder / f"{who}.key")
