"""An Exchange of our own: mailboxes with lists of blocked device ids, behind the cmdlet endpoint or under a script."""

import csv
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock
from typing import Any
from urllib.parse import parse_qs

from fake_api import Api, served

__all__ = ["served"]

TENANT, CLIENT, SECRET = "contoso.example", "1c6e", "s3cret value"
_LIST = "ActiveSyncBlockedDeviceIDs"
_QUOTED = r"(?:'(?:[^']|'')*'|\((?:'(?:[^']|'')*'|\[char\]0x[0-9A-F]{4}| \+ )+\))"
_STEP = re.compile(rf"Step-Entry '([0-9]+)' '(add|remove|see)' ({_QUOTED}) ({_QUOTED})")
_TOKEN = re.compile(r"'((?:[^']|'')*)'|\[char\]0x([0-9A-F]{4})")


@dataclass
class Organisation(Api):
    """``later_for``: requests that are told "later" first; ``lost``: writes that are done and never answered; ``devices``: its
    mobile devices, ``page`` of them at once; ``statistics``: by mailbox; ``may``: the cmdlets of the application's role."""

    mailboxes: dict[str, list[str]] = field(default_factory=dict)
    later_for: int = 0
    lost: int = 0
    devices: list[Any] = field(default_factory=list)
    page: int = 1_000
    statistics: dict[str, list[Any]] = field(default_factory=dict)
    may: frozenset[str] = frozenset({"Get-MobileDevice", "Get-MobileDeviceStatistics", "Get-CASMailbox", "Set-CASMailbox"})
    changes: list[tuple[str, str, str]] = field(default_factory=list)
    _lock: Any = field(default_factory=RLock)

    def blocked(self) -> set[tuple[str, str]]:
        return {(mailbox, device) for mailbox, listed in self.mailboxes.items() for device in listed}

    def answer(self, method: str, path: str, query: dict[str, list[str]], token: str, form: str) -> Any:
        with self._lock:
            if path == f"/{TENANT}/oauth2/v2.0/token":
                said = {name: values[0] for name, values in parse_qs(form).items()}
                assert said["client_secret"] == SECRET
                assert said["scope"] == f"{self.url}/.default"
                return 200, {"token_type": "Bearer", "expires_in": 3599, "access_token": "x.token"}
            assert (method, path, token) == ("POST", f"/adminapi/beta/{TENANT}/InvokeCommand", "Bearer x.token")
            if self.later_for:
                self.later_for -= 1
                return 429, {}, {"Retry-After": "5"}
            asked = json.loads(form)["CmdletInput"]
            if asked["CmdletName"] not in self.may:
                return 403, {"error": {"code": "Forbidden", "message": "…"}}
            if asked["CmdletName"] == "Get-MobileDevice":
                assert asked["Parameters"] == {"ResultSize": "Unlimited"}
                return self.listed(int(query.get("$skiptoken", ["0"])[0]))
            if asked["CmdletName"] == "Get-MobileDeviceStatistics":
                ((parameter, mailbox),) = asked["Parameters"].items()
                assert (parameter, bool(mailbox)) == ("Mailbox", True), "an empty mailbox is everybody's"
                known = mailbox in self.statistics
                return (200, {"value": self.statistics[mailbox]}) if known else (404, {"error": {"code": "NotFound"}})
            return self.invoke(asked["CmdletName"], **asked["Parameters"])

    def listed(self, start: int) -> Any:
        following = start + self.page
        found: dict[str, Any] = {"@odata.context": "…", "value": self.devices[start:following]}
        if following < len(self.devices):
            found["@odata.nextLink"] = f"{self.url}/adminapi/beta/{TENANT}/InvokeCommand?$skiptoken={following}"
        return 200, found

    def invoke(self, cmdlet: str, Identity: str, **more: Any) -> Any:
        assert Identity, "an empty identity names everybody"
        if Identity not in self.mailboxes:
            return 404, {"error": {"code": "NotFound", "message": "|Microsoft.Exchange…ManagementObjectNotFoundException|"}}
        if cmdlet == "Get-CASMailbox":
            assert more == {}
            return 200, {"value": [{"Name": Identity, _LIST: self.mailboxes[Identity]}]}
        assert cmdlet == "Set-CASMailbox"
        ((parameter, table),) = more.items()
        assert parameter == _LIST
        assert table.pop("@odata.type") == "#Exchange.GenericHashTable"
        ((verb, device),) = table.items()
        self.change(verb, Identity, device)
        if self.lost:
            self.lost -= 1
            return 0, {}
        return 200, {"value": []}

    def change(self, verb: str, mailbox: str, device: str) -> None:
        listed = self.mailboxes[mailbox]
        assert verb in {"Add", "Remove"}
        if verb == "Add" and device not in listed:
            listed.append(device)
        elif verb == "Remove" and device in listed:
            listed.remove(device)
        self.changes.append((verb, mailbox, device))


def evaluated(expression: str) -> str:
    """What PowerShell makes of such an expression: quoted runs and numbered characters, joined."""
    body = expression[1:-1] if expression.startswith("(") else expression
    units, at = b"", 0
    while at < len(body):
        found = _TOKEN.match(body, at)
        assert found, body[at:]
        units += bytes.fromhex(found[2]) if found[2] else found[1].replace("''", "'").encode("utf-16-be")
        at = found.end()
        if at < len(body):
            assert body.startswith(" + ", at)
            at += 3
    return units.decode("utf-16-be", "surrogatepass")


def steps(script: str) -> list[tuple[int, str, str, str]]:
    """(entry, does, mailbox, device) of each step: every line behind the preamble is one, whole, or the known end."""
    body = script.split("\n}\n")[-1]
    made = []
    for line in body.split("\nif ($failed")[0].strip().splitlines():
        whole = _STEP.fullmatch(line)
        assert whole, line
        made.append((int(whole[1]), whole[2], evaluated(whole[3]), evaluated(whole[4])))
    return made


def run(script: str, house: Organisation, results: Path, *, most: int = 1_000_000, fails: frozenset[str] = frozenset()) -> None:
    """As PowerShell runs it, as far as its steps go (``most`` of them); mailboxes of ``fails`` cannot be reached."""
    number = re.search(r"^\$script = ([0-9]+)$", script, re.MULTILINE)
    assert number
    told = {}
    if results.exists():
        with results.open(newline="") as file:
            told = {row["entry"]: row["result"] for row in csv.DictReader(file)}
    else:
        results.write_text('"script","entry","result"\n')
    for entry, does, mailbox, device in steps(script)[:most]:
        before = told.get(str(entry), "")
        if before and before not in {"begun", "failed"}:
            continue
        said = "failed"
        if mailbox not in fails and mailbox in house.mailboxes:
            there = device in house.mailboxes[mailbox]
            said = {"see": "present" if there else "absent", "add": "present", "remove": "absent"}[does]
            if (does, there) in {("add", False), ("remove", True)}:
                house.change("Add" if does == "add" else "Remove", mailbox, device)
                said = "added" if does == "add" else "removed"
        with results.open("a") as file:
            file.write(f'"{number[1]}","{entry}","{said}"\n')
