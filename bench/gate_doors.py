"""The processes that bench/gate.py measures: the gate, nginx in its three parts, OPA if it is there; and the load upon them.

CPU is what /proc says of a process and its children, over a counted number of requests; wrk makes the load.
"""

import base64
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from countermand.gates.configure import NginxSettings, whole

EAS = "/Microsoft-Server-ActiveSync"
PASSWORD = "right"  # whose it is does not matter here: nothing in this bench checks it but the mail stand-in
_TICK = os.sysconf("SC_CLK_TCK")
_BIN = Path(sys.executable).parent


class Processes:
    """Started processes; leaving the block ends them all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.running: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> "Processes":
        return self

    def __exit__(self, *_: object) -> None:
        for process in reversed(self.running):
            self.end(process)

    def start(self, name: str, command: Sequence[str | Path], ready: str) -> subprocess.Popen[bytes]:
        """Start it and wait until its ``ready`` URL answers, whatever the answer."""
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.running.append(process)
        deadline = time.monotonic() + 120
        while not answers(ready):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{name} did not start:\n{(self.folder / f'{name}.log').read_text()[-2000:]}")
            time.sleep(0.005)
        return process

    def end(self, process: subprocess.Popen[bytes]) -> None:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    """True if it answers below 500."""
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except urllib.error.HTTPError as answer:
        return answer.code < 500
    except OSError:
        return False


# -- what runs --


def countermand(*words: str | Path) -> list[str | Path]:
    return [_BIN / "countermand", *words]


def nginx(running: Processes, name: str, text: str, ready: str) -> subprocess.Popen[bytes]:
    """nginx with one worker and this configuration."""
    prefix = running.folder / name
    prefix.mkdir(exist_ok=True)
    (prefix / "nginx.conf").write_text(text.replace("@PREFIX@", str(prefix)))
    found = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin") or "nginx"
    command = [found, "-p", prefix, "-e", prefix / "error.log", "-c", prefix / "nginx.conf"]
    return running.start(name, command, ready)


def plain(port: int, answer: str) -> str:
    """An nginx that answers everything alike: the cheapest decision there is, and a mail server without mail."""
    return (
        "daemon off;\n" + ("user root;\n" if os.geteuid() == 0 else "") + "worker_processes 1;\npid @PREFIX@/nginx.pid;\n"
        "events { worker_connections 1024; }\nhttp {\n    access_log off;\n    keepalive_requests 1000000000;\n"
        f"    server {{ listen 127.0.0.1:{port}; location / {{ return {answer}; }} }}\n}}\n"
    )


def mapped(port: int, pairs: Iterable[tuple[str, str]]) -> str:
    """An nginx that answers from a ``map`` of the denied (login, device id) pairs: what one would write by hand."""
    lines = "".join(f'        "{login}/{device}" 403;\n' for login, device in pairs)
    return (
        "daemon off;\n" + ("user root;\n" if os.geteuid() == 0 else "") + "worker_processes 1;\npid @PREFIX@/nginx.pid;\n"
        "events { worker_connections 1024; }\nhttp {\n    access_log off;\n    keepalive_requests 1000000000;\n"
        "    map_hash_max_size 4194304;\n    map_hash_bucket_size 128;\n"
        '    map $http_x_original_uri $device { default ""; "~[?&]DeviceId=(?<id>[^&]+)" $id; }\n'
        f'    map "$remote_user/$device" $verdict {{\n        default 204;\n{lines}    }}\n'
        f"    server {{ listen 127.0.0.1:{port}; location / {{ if ($verdict = 403) {{ return 403; }} return 204; }} }}\n}}\n"
    )


def haproxy(running: Processes, port: int, pairs: Iterable[tuple[str, str]]) -> subprocess.Popen[bytes] | None:
    """HAProxy with the denied pairs in a map file; None if it is not on this machine."""
    found = shutil.which("haproxy", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    if found is None:
        return None
    folder = running.folder / "haproxy"
    folder.mkdir(exist_ok=True)
    (folder / "denied.map").write_text("".join(f"{login}/{device} 1\n" for login, device in pairs))
    key = f"http_auth_user,concat(/,txn.device),map_str({folder}/denied.map,0)"
    (folder / "haproxy.cfg").write_text(
        "global\n    nbthread 1\ndefaults\n    mode http\n    timeout client 1m\n    timeout http-keep-alive 1m\n"
        "    timeout connect 1s\n    timeout server 1m\n"
        f"frontend gate\n    bind 127.0.0.1:{port}\n"
        "    http-request set-var(txn.device) req.fhdr(X-Original-URI),field(4,=),field(1,&)\n"
        f"    http-request return status 403 if {{ {key} -m int 1 }}\n    http-request return status 200\n"
    )
    return running.start("haproxy", [found, "-db", "-f", folder / "haproxy.cfg"], f"http://127.0.0.1:{port}/")


def front(port: int, gate: str, mail: str, prefix: Path) -> str:
    """The printed recipe before this gate, without logs; connections to it are never closed for their number."""
    text = whole(NginxSettings(gate, mail, access_log=None, mail_keepalive=32), f"127.0.0.1:{port}", prefix)
    return text.replace("http {", "http {\n    keepalive_requests 1000000000;", 1)


def opa(running: Processes, port: int, pairs: Iterable[tuple[str, str]]) -> subprocess.Popen[bytes] | None:
    """OPA's server with the denied (login, device id) pairs as its data; None if there is no ``opa`` on this machine."""
    found = shutil.which("opa", path=os.pathsep.join([os.environ.get("PATH", ""), str(Path.home() / "go" / "bin")]))
    if found is None:
        return None
    folder = running.folder / "opa"
    folder.mkdir(exist_ok=True)
    (folder / "data.json").write_text(json.dumps({"denied": {f"{login}/{device}": True for login, device in pairs}}))
    (folder / "gate.rego").write_text(
        "package gate\n\nimport rego.v1\n\ndefault allow := true\n\n"
        'allow := false if data.denied[sprintf("%s/%s", [input.login, input.device])]\n'
    )
    command = [found, "run", "--server", "--addr", f"127.0.0.1:{port}", "--log-level", "error", folder]
    return running.start("opa", command, f"http://127.0.0.1:{port}/health")


# -- load --


def decide_request(login: str, device: str) -> bytes:
    """What nginx asks a gate."""
    return _request("GET", "/decide", [("Authorization", basic(login)), ("X-Original-URI", query(login, device))])


def mail_request(login: str, device: str) -> bytes:
    """What a phone asks nginx."""
    return _request("POST", query(login, device), [("Authorization", basic(login)), ("Content-Length", "0")])


def opa_request(login: str, device: str) -> bytes:
    body = json.dumps({"input": {"login": login, "device": device}})
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    return _request("POST", "/v1/data/gate/allow", headers) + body.encode()


def basic(login: str) -> str:
    return "Basic " + base64.b64encode(f"{login}:{PASSWORD}".encode()).decode()


def query(login: str, device: str) -> str:
    return f"{EAS}?Cmd=Sync&User={login}&DeviceId={device}&DeviceType=Phone"


def _request(method: str, target: str, headers: list[tuple[str, str]]) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", "Host: mail.example.org", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Load:
    """One run: ``requests`` answered in ``seconds``; latencies in milliseconds; ``refused``: answers that are neither 2xx nor
    3xx; ``cpu``: seconds of CPU that each measured process took."""

    requests: int
    seconds: float
    p50: float
    p99: float
    p999: float
    refused: int
    cpu: tuple[float, ...]

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds

    def micros(self, which: int = 0) -> float:
        """Microseconds of CPU per request."""
        return 1e6 * self.cpu[which] / self.requests


_LUA = """
local requests, at = {}, 0
function init(args)
  for line in io.lines(args[1]) do requests[#requests + 1] = (line:gsub("\\\\r", "\\r"):gsub("\\\\n", "\\n")) end
end
function request()
  at = at % #requests + 1
  return requests[at]
end
function done(summary, latency)
  io.write(string.format('JSON {"requests": %d, "micros": %d, "p50": %d, "p99": %d, "p999": %d, "refused": %d, "errors": %d}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    latency:percentile(99.9), summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
"""


def load(folder: Path, port: int, requests: Sequence[bytes], seconds: int, measured: Sequence[subprocess.Popen[bytes]]) -> Load:
    """wrk with 16 connections kept open, these requests in turn."""
    script, file = folder / "load.lua", folder / "requests.txt"
    script.write_text(_LUA)
    file.write_text("".join(one.decode().replace("\r", "\\r").replace("\n", "\\n") + "\n" for one in requests))
    command = ["wrk", "-t", "1", "-c", "16", "-d", f"{seconds}s", "--timeout", "10s", "-s", script]
    before = [cpu_seconds(one.pid) for one in measured]
    run = subprocess.run([*command, f"http://127.0.0.1:{port}", "--", file], capture_output=True, text=True)
    if run.returncode:
        raise SystemExit(f"the load could not be made:\n{run.stdout}{run.stderr}")
    cpu = tuple(cpu_seconds(one.pid) - was for one, was in zip(measured, before, strict=True))
    line = next(line for line in run.stdout.splitlines() if line.startswith("JSON "))
    found = json.loads(line.removeprefix("JSON "))
    if found["errors"]:
        raise SystemExit(f"the load had {found['errors']} errors:\n{run.stdout}")
    return Load(
        found["requests"],
        found["micros"] / 1e6,
        found["p50"] / 1e3,
        found["p99"] / 1e3,
        found["p999"] / 1e3,
        found["refused"],
        cpu,
    )


# -- what /proc says --


def cpu_seconds(pid: int) -> float:
    """User and system CPU of a process and its living children."""
    total = 0.0
    for one in (pid, *_children(pid)):
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / _TICK
    return total


def memory(pid: int) -> tuple[float, float]:
    """(resident, of that private) megabytes."""
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line)
    return int(lines["VmRSS"].split()[0]) / 1000, int(lines["RssAnon"].split()[0]) / 1000


def _children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
