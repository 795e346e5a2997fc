"""A house to try commands in, as its operators see it: the command line, one token each."""

import functools
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from typer import testing
from typer.testing import CliRunner, Result

from countermand.cli.app import app
from countermand.config import Database
from served import Served

# The tree of commands is the same for every call; a real one builds it once, too.
testing._get_command = functools.cache(testing._get_command)

FIRSTS = {
    "ann": "administrator+author",
    "bo": "approver",
    "cy": "approver",
    "di": "operator+helpdesk+auditor",
}


#: What is done to the installation of the machine that it is typed on, and nowhere else.
AT_HOME = {("init",), ("gate", "add"), ("source", "add"), ("source", "sync"), ("ledger", "export"), ("lever", "add")}


@dataclass(slots=True)
class House:
    """``run("di", "halt", "x")``: the command as that operator, in this house's folder; over the network if it is served."""

    folder: Path
    database: Database
    tokens: dict[str, str] = field(default_factory=dict)
    served: Served | None = None
    _read: int = 0

    def run(self, who: str, *words: str, **environment: str) -> Result:
        token = {"COUNTERMAND_TOKEN": self.tokens[who]} if who else {}
        file = self.folder / "countermand.toml"
        found = {"COUNTERMAND_CONFIG": str(file), **token, **environment}
        if self.served is not None and self.tokens and words[:2] not in AT_HOME and words[:1] not in AT_HOME:
            if (changed := file.stat().st_mtime_ns) != self._read:
                self.served.open(file)
                self._read = changed
            found["COUNTERMAND_URL"] = self.served.url
        return CliRunner().invoke(app, list(words), env=found)

    def ask(self, who: str, *words: str) -> Any:
        """The machine form of what a command says; it must succeed."""
        done = self.run(who, *words, "--json")
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    def key(self, who: str) -> str:
        return str(self.folder / f"{who}.key")
