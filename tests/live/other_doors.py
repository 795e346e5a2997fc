"""Front ends for live tests, each from the configuration that ``countermand gate config`` prints, with a gate behind it."""

import shutil
from collections.abc import Iterable
from pathlib import Path

import envoy
from front_door import Door, wait_for
from slow_mail import SlowMail

from countermand.gates import recipes
from countermand.gates.config import load
from countermand.gates.configure import Failure, NginxSettings, split_mail, whole
from ports import free_port

HTTP_KINDS = ["nginx", "nginx-lua", "envoy", "haproxy"]


def program(name: str) -> str:
    found = shutil.which(name, path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    assert found, f"{name} is not installed"
    return found


class FrontEnd(Door):
    """A door of this ``kind`` before a mail server that can keep requests waiting."""

    def __init__(self, directory: Path, kind: str, logins: Iterable[str] = (), *, mail: str = "") -> None:
        """``mail``: ``host:port/prefix`` of a real mail server; without one ``logins`` have their mail at a stand-in."""
        super().__init__(directory)
        self.kind = kind
        self.mail = SlowMail(set(logins))
        self.mail_port = self.mail.port
        self.behind = mail or f"127.0.0.1:{self.mail_port}"
        self.settings: dict[str, str] = {}  # more of the gate's
        self.ports = {kind: free_port()} if kind in {"envoy", "haproxy", "dovecot"} else {}

    def configure_gate(self, root_key: Path, secret: Path, token: str = "gate-token") -> None:
        super().configure_gate(root_key, secret, token)
        self.open_addresses()

    def open_addresses(self, **more: str) -> None:
        """This front end's address into the gate's settings."""
        values = {name: f"127.0.0.1:{port}" for name, port in self.ports.items()} | more | self.settings
        with self.gate_config.open("a") as file:
            file.writelines(f'{name} = "{value}"\n' for name, value in values.items())

    def printed(self, failure: Failure, part: str = "") -> str:
        spoe = str(self.directory / "spoe.cfg")
        config, listen = load(self.gate_config), f"127.0.0.1:{self.port}"
        return recipes.render(self.kind, recipes.Asked(config, self.behind, listen, failure, part, spoe_file=spoe))

    def start_front(self, failure: Failure = Failure.CLOSED) -> None:
        match self.kind:
            case "nginx" | "nginx-lua":
                self._start_nginx(failure)
            case "envoy":
                text = self.with_tls(self.printed(failure)).replace("port_value: 9901", f"port_value: {free_port()}")
                (self.directory / "envoy.yaml").write_text(text)
                binary = str(Path(envoy.__file__).parent / "_bin" / "envoy")
                words = ["-c", f"{self.directory}/envoy.yaml", "--concurrency", "1", "--disable-hot-restart", "-l", "warn"]
                self.run("front", [binary, *words], self.port)
            case "haproxy":
                (self.directory / "haproxy.cfg").write_text(self.with_tls(self.printed(failure)))
                (self.directory / "spoe.cfg").write_text(self.printed(failure, "spoe"))
                self.run("front", [program("haproxy"), "-db", "-f", f"{self.directory}/haproxy.cfg"], self.port)

    def _start_nginx(self, failure: Failure) -> None:
        prefix = self.directory / "nginx"
        prefix.mkdir(exist_ok=True)
        mail, before = split_mail(self.behind)
        settings = NginxSettings(
            f"127.0.0.1:{self.gate_port}",
            mail,
            self.sightings,
            access_log=None,
            failure=failure,
            lua=self.kind == "nginx-lua",
            recheck=1,
            prefix=before,
            login_header=self.settings.get("login_header", ""),
            by_certificate=self.settings.get("login_form") == "subject",
        )
        (prefix / "nginx.conf").write_text(self.with_tls(whole(settings, f"127.0.0.1:{self.port}", prefix)))
        self.run(
            "front", [program("nginx"), "-p", str(prefix), "-e", f"{prefix}/error.log", "-c", f"{prefix}/nginx.conf"], self.port
        )

    def with_tls(self, text: str) -> str:
        """The printed configuration with what only the house knows."""
        return text

    def lose_gate(self) -> None:
        """The gate is gone, and HAProxy, which looks four times a second, knows it."""
        self.end("gate")
        if self.kind == "haproxy":
            wait_for(lambda: "is DOWN" in (self.directory / "front.log").read_text(), "HAProxy to miss the gate")

    def close(self) -> None:
        self.mail.close()
        super().close()
