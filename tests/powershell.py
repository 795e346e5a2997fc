"""A strict reader of the PowerShell that we print, and of no more: whatever it takes, PowerShell reads in the same way.

By the PowerShell language specification 3.0, as far as our scripts go: every command that may stand in one is listed with its
parameters, a string in double quotes holds variables and no expressions, and nothing is evaluated. ``commands`` says what a
script could run, in the order of the text.
"""

import re
from dataclasses import dataclass, field

_STOP = "ErrorAction"
#: Command → the parameters with which it may stand.
ALLOWED: dict[str, frozenset[str]] = {
    "Get-CASMailbox": frozenset({"Identity", _STOP}),
    "Set-CASMailbox": frozenset({"Identity", "ActiveSyncBlockedDeviceIDs", _STOP, "WhatIf"}),
    "Test-Path": frozenset({"LiteralPath"}),
    "Import-Csv": frozenset({"LiteralPath"}),
    "Export-Csv": frozenset({"LiteralPath", "Append", "NoTypeInformation", "Encoding"}),
    "ForEach-Object": frozenset(),
    "Set-Variable": frozenset({"Name", "Value", "Scope"}),
    "Write-Host": frozenset(),
    "Write-Warning": frozenset(),
}
_BARE = frozenset({"Stop", "ASCII", "failed", "Script"})
_WORDS = frozenset({"-not", "-or", "-and", "-ne", "-eq", "-gt", "-contains"})
_TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)|(?P<newline>\n)|(?P<blank>[ ]+)
    |(?P<text>'(?:[^'\n]|'')*'|"(?:[^"`$\n]|\$[A-Za-z_]\w*|\$\{[A-Za-z]\w*\})*")
    |(?P<variable>\$(?:[A-Za-z]\w*|_))|(?P<character>\[char\]0x[0-9A-F]{4})|(?P<type>\[(?:switch|string|pscustomobject)\])
    |(?P<number>[0-9]+)|(?P<parameter>-[A-Za-z]+:?)|(?P<word>[A-Za-z]+(?:-[A-Za-z]+)*)
    |(?P<sign>@\(|@\{|\+\+|[(){}\[\]=,;|.+])""",
    re.VERBOSE | re.ASCII,
)


class Unfit(AssertionError):
    """It is not what we print."""


@dataclass
class _Reader:
    tokens: list[tuple[str, str]]
    at: int = 0
    functions: set[str] = field(default_factory=set)
    commands: list[str] = field(default_factory=list)

    # -- tokens --

    @property
    def next(self) -> tuple[str, str]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("end", "")

    def take(self) -> tuple[str, str]:
        self.at += 1
        return self.tokens[self.at - 1] if self.at <= len(self.tokens) else ("end", "")

    def sees(self, *texts: str) -> bool:
        return self.next[0] != "text" and self.next[1] in texts

    def need(self, text: str) -> None:
        found = self.take()
        if found[0] == "text" or found[1] != text:
            raise Unfit(f"{text!r} was to come, and not {found}")

    # -- statements --

    def statements(self, end: str) -> None:
        while True:
            while self.sees("\n", ";"):
                self.take()
            if self.next == ("end", "") if not end else self.sees(end):
                return
            self.statement()
            if not self.sees("\n", ";", end):
                raise Unfit(f"a statement goes on with {self.next}")

    def block(self) -> None:
        self.need("{")
        self.statements("}")
        self.need("}")

    def statement(self) -> None:
        kind, text = self.next
        if kind == "word" and text in {"param", "function", "if", "try", "return", "throw", "exit"}:
            self.take()
            getattr(self, f"_{text}")()
            return
        if kind != "variable":
            self.pipeline()
            return
        self.postfix()
        if self.sees("=", "|"):
            self.take()
            self.pipeline()
        elif self.sees("++"):
            self.take()
        else:
            raise Unfit("a value that nobody takes")

    def _param(self) -> None:
        self.need("(")
        while True:
            if self.take()[0] != "type" or self.take()[0] != "variable":
                raise Unfit("a parameter is a type and a name")
            if self.sees("="):
                self.take()
                self.expression()
            if not self.sees(","):
                break
            self.take()
        self.need(")")

    def _function(self) -> None:
        self.functions.add(self.take()[1])
        self._param()
        self.block()

    def _if(self) -> None:
        self._condition()
        while self.sees("elseif"):
            self.take()
            self._condition()
        if self.sees("else"):
            self.take()
            self.block()

    def _condition(self) -> None:
        self.need("(")
        self.pipeline()
        self.need(")")
        self.block()

    def _try(self) -> None:
        self.block()
        self.need("catch")
        self.block()

    def _return(self) -> None:
        if not self.sees("\n", ";", "}"):
            self.pipeline()

    def _throw(self) -> None:
        if self.take()[0] != "text":
            raise Unfit("what is thrown is a text")

    def _exit(self) -> None:
        if self.take()[0] != "number":
            raise Unfit("an exit has a number")

    # -- pipelines, commands, expressions --

    def pipeline(self) -> None:
        while True:
            if self.next[0] == "word":
                self.command()
            else:
                self.expression()
            if not self.sees("|"):
                return
            self.take()

    def command(self) -> None:
        name = self.take()[1]
        if name not in ALLOWED and name not in self.functions:
            raise Unfit(f"{name} is no command of ours")
        self.commands.append(name)
        while not self.sees("\n", ";", "|", "}", ")") and self.next[0] != "end":
            kind, text = self.next
            if kind == "parameter":
                if text.strip("-:") not in ALLOWED.get(name, ()):
                    raise Unfit(f"{name} with {text}")
                self.take()
            elif kind == "word":
                if text not in _BARE:
                    raise Unfit(f"{text} stands bare")
                self.take()
            elif self.sees("{"):
                self.block()
            else:
                self.postfix()

    def expression(self) -> None:
        self.unary()
        while self.sees("+") or (self.next[1] in _WORDS - {"-not"} and self.next[0] == "parameter"):
            self.take()
            self.unary()

    def unary(self) -> None:
        if self.sees("-not"):
            self.take()
            self.unary()
        else:
            self.postfix()

    def postfix(self) -> None:
        self.primary()
        while self.sees(".", "["):
            if self.take()[1] == ".":
                if self.take()[0] != "word":
                    raise Unfit("a member has a name")
            else:
                self.expression()
                self.need("]")

    def primary(self) -> None:
        kind, text = self.take()
        if kind in {"text", "variable", "number", "character"}:
            return
        if kind == "type" and self.sees("@{"):
            self.primary()
        elif text in {"(", "@("}:
            self.pipeline()
            self.need(")")
        elif text == "@{":
            self._table()
        else:
            raise Unfit(f"{text!r} is no value")

    def _table(self) -> None:
        while not self.sees("}"):
            if self.take()[0] != "word":
                raise Unfit("a key is a word")
            self.need("=")
            self.expression()
            if self.sees(";"):
                self.take()
        self.need("}")


def commands(script: str) -> list[str]:
    """The commands that the script names. Unfit for whatever we do not print."""
    if not script.isascii():
        raise Unfit("it is not ASCII")
    found, at = [], 0
    while at < len(script):
        token = _TOKEN.match(script, at)
        if token is None:
            raise Unfit(f"{script[at : at + 20]!r} is no token")
        if token.lastgroup not in {"comment", "blank"}:
            found.append((str(token.lastgroup), token[0]))
        at = token.end()
    reader = _Reader(found)
    reader.statements("")
    return reader.commands
