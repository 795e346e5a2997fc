"""Front ends for live tests, each from the configuration that ``countermand gate config`` prints, with a gate behind it."""

import shutil
from pathlib import Path

import envoy
from front_door import Door, free_port, wait_for
from slow_mail import SlowMail

from countermand.gates import recipes
from countermand.gates.config import load
from countermand.gates.configure import Failure, NginxSettings, whole

HTTP_KINDS = ["nginx", "nginx-lua", "envoy", "haproxy"]


def program(name: str) -> str:
    found = shutil.which(name, path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    assert found, f"{name} is not installed"
    return found


class FrontEnd(Door):
    """A door of this ``kind`` before a mail server that can keep requests waiting."""

    def __init__(self, directory: Path, kind: str, logins: set[str], *, proves: bool = True) -> None:
        super().__init__(directory)
        self.kind = kind
        self.mail = SlowMail(logins)
        self.mail_port = self.mail.port
        self.proves = proves
        self.ports = {name: free_port() for name in ("envoy", "haproxy", "dovecot", "authzen")}

    def configure_gate(self, root_key: Path, secret: Path, token: str = "gate-token") -> None:
        super().configure_gate(root_key, secret, token)
        mail = f"http://127.0.0.1:{self.mail_port}" if self.proves else ""
        values = {name: f"127.0.0.1:{port}" for name, port in self.ports.items()} | {"mail": mail}
        with self.gate_config.open("a") as file:
            file.writelines(f'{name} = "{value}"\n' for name, value in values.items())

    def printed(self, failure: Failure, part: str = "") -> str:
        mail, listen = f"127.0.0.1:{self.mail_port}", f"127.0.0.1:{self.port}"
        spoe = str(self.directory / "spoe.cfg")
        return recipes.render(self.kind, recipes.Asked(load(self.gate_config), mail, listen, failure, part, spoe_file=spoe))

    def start_front(self, failure: Failure = Failure.CLOSED) -> None:
        match self.kind:
            case "nginx" | "nginx-lua":
                self._start_nginx(failure)
            case "envoy":
                text = self.printed(failure).replace("port_value: 9901", f"port_value: {free_port()}")
                (self.directory / "envoy.yaml").write_text(text)
                binary = str(Path(envoy.__file__).parent / "_bin" / "envoy")
                words = ["-c", f"{self.directory}/envoy.yaml", "--concurrency", "1", "--disable-hot-restart", "-l", "warn"]
                self.run("front", [binary, *words], self.port)
            case "haproxy":
                (self.directory / "haproxy.cfg").write_text(self.printed(failure))
                (self.directory / "spoe.cfg").write_text(self.printed(failure, "spoe"))
                self.run("front", [program("haproxy"), "-db", "-f", f"{self.directory}/haproxy.cfg"], self.port)

    def _start_nginx(self, failure: Failure) -> None:
        prefix = self.directory / "nginx"
        prefix.mkdir(exist_ok=True)
        settings = NginxSettings(
            f"127.0.0.1:{self.gate_port}",
            f"127.0.0.1:{self.mail_port}",
            self.sightings,
            access_log=None,
            failure=failure,
            lua=self.kind == "nginx-lua",
        )
        (prefix / "nginx.conf").write_text(whole(settings, f"127.0.0.1:{self.port}", prefix))
        self.run(
            "front", [program("nginx"), "-p", str(prefix), "-e", f"{prefix}/error.log", "-c", f"{prefix}/nginx.conf"], self.port
        )

    def lose_gate(self) -> None:
        """The gate is gone, and HAProxy, which looks four times a second, knows it."""
        self.end("gate")
        if self.kind == "haproxy":
            wait_for(lambda: "is DOWN" in (self.directory / "front.log").read_text(), "HAProxy to miss the gate")

    def close(self) -> None:
        self.mail.close()
        super().close()
