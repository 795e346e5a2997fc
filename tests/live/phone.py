"""A phone that speaks ActiveSync to a real server: WBXML by libwbxml's own tools, plain and base64 queries, keys kept."""

import base64
import http.client
import re
import subprocess
import threading
from dataclasses import dataclass, field

from front_door import EAS
from other_doors import program

_HEAD = '<?xml version="1.0"?><!DOCTYPE ActiveSync PUBLIC "-//MICROSOFT//DTD ActiveSync//EN" "http://www.microsoft.com/">'
_CODES = {"Sync": 0, "FolderSync": 9, "Ping": 18}


@dataclass
class Reply:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def xml(self) -> str:
        return decoded(self.body) if self.body[:1] == b"\x03" else self.body.decode(errors="replace")


@dataclass
class Phone:
    """``key``: its sync key of the inbox, as the server last gave it."""

    port: int
    login: str
    device: str
    password: str = "right"
    inbox: str = ""
    key: str = "0"
    packed: bool = False
    mail: dict[str, str] = field(default_factory=dict)

    @property
    def subjects(self) -> list[str]:
        """What is on the phone. An answer that never arrived is given again, changes to known mail included."""
        return list(self.mail.values())

    def ask(self, command: str, xml: str = "", password: str = "") -> Reply:
        method = "POST" if command else "OPTIONS"
        credentials = base64.b64encode(f"{self.login}:{password or self.password}".encode()).decode()
        headers = {"Authorization": f"Basic {credentials}", "Content-Type": "application/vnd.ms-sync.wbxml"}
        if not self.packed:
            headers["MS-ASProtocolVersion"] = "14.1"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, self._target(command), encoded(xml) if xml else None, headers)
            found = connection.getresponse()
            return Reply(found.status, found.getheaders(), found.read())
        finally:
            connection.close()

    def _target(self, command: str) -> str:
        if not command:
            return EAS
        if self.packed:
            device, kind = self.device.encode(), b"iPhone"
            head = bytes([141, _CODES[command]]) + b"\x09\x04" + bytes([len(device)]) + device
            return f"{EAS}?{base64.b64encode(head + bytes([0, len(kind)]) + kind).decode()}"
        return f"{EAS}?Cmd={command}&User={self.login}&DeviceId={self.device}&DeviceType=iPhone"

    def folders(self, password: str = "") -> Reply:
        found = self.ask("FolderSync", '<FolderSync xmlns="FolderHierarchy:"><SyncKey>0</SyncKey></FolderSync>', password)
        for entry in re.findall(r"<Add>.*?</Add>", found.xml, re.DOTALL) if found.status == 200 else []:
            if "<Type>2</Type>" in entry:
                self.inbox = re.search(r"<ServerId>(.*?)</ServerId>", entry)[1]  # type: ignore[index]
        return found

    def sync(self, wait: int = 0) -> Reply:
        """One Sync of the inbox, bodies included; the first of all fetches a key alone."""
        more = "" if self.key == "0" else f"<GetChanges/><WindowSize>50</WindowSize>{_OPTIONS}"
        hanging = f"<HeartbeatInterval>{wait}</HeartbeatInterval>" if wait else ""
        found = self.ask(
            "Sync",
            f'<Sync xmlns="AirSync:"><Collections><Collection><SyncKey>{self.key}</SyncKey>'
            f"<CollectionId>{self.inbox}</CollectionId>{more}</Collection></Collections>{hanging}</Sync>",
        )
        if found.status == 200 and found.body:
            key = re.search(r"<SyncKey>(.*?)</SyncKey>", found.xml)
            self.key = key[1] if key else self.key
            self.mail |= dict(re.findall(r"<ServerId>(.*?)</ServerId>.*?<Subject[^>]*>(.*?)</Subject>", found.xml, re.DOTALL))
        return found

    def settle(self) -> None:
        """Until the server has nothing more to say: a Sync that hangs from then on hangs for the next mail."""
        before = ""
        while before != self.key:
            before = self.key
            assert self.sync().status == 200

    def ping(self, seconds: int) -> Reply:
        return self.ask(
            "Ping",
            f'<Ping xmlns="Ping:"><HeartbeatInterval>{seconds}</HeartbeatInterval><Folders><Folder><Id>{self.inbox}</Id>'
            "<Class>Email</Class></Folder></Folders></Ping>",
        )

    def set_up(self) -> "Phone":
        """Everything that a phone does before the first mail comes."""
        assert self.ask("").status == 200
        assert self.folders().status == 200
        assert self.sync().status == 200
        return self


_OPTIONS = (
    '<Options><BodyPreference xmlns="AirSyncBase:"><Type>1</Type><TruncationSize>5000</TruncationSize></BodyPreference></Options>'
)


class Later(threading.Thread):
    """A request that hangs, made beside the test; ``reply`` once it has been answered."""

    def __init__(self, ask: "object") -> None:
        super().__init__(daemon=True)
        self._ask = ask
        self.reply: Reply | None = None
        self.start()

    def run(self) -> None:
        self.reply = self._ask()  # type: ignore[operator]

    def answered(self) -> Reply:
        self.join(60)
        assert self.reply is not None, "it hangs still"
        return self.reply


def encoded(xml: str) -> bytes:
    words = [program("xml2wbxml"), "-n", "-a", "-v", "1.3", "-o", "-", "-"]
    return subprocess.run(words, input=(_HEAD + xml).encode(), capture_output=True, check=True).stdout


def decoded(body: bytes) -> str:
    words = [program("wbxml2xml"), "-l", "ACTIVESYNC", "-o", "-", "-"]
    return subprocess.run(words, input=body, capture_output=True, check=True).stdout.decode()
