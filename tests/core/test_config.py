"""config: defaults, whole files, and every slip with its line and the nearest key."""

from pathlib import Path

import pytest

from countermand import config
from countermand.core.errors import Refused
from countermand.core.guardrails import Rails
from countermand.core.instants import HOUR, MINUTE, SECOND

WHOLE = """\
state_dir = "var"
origin = "mail.example.org"

[smtp]
host = "mx.example.org"
port = 587
sender = "security@example.org"
starttls = true
username = "countermand"
password_file = "smtp.secret"

[notices]
lease = "15m"

[guard]
approvers = 3
tolerance = "1%"
minimum_notice = "24h"
new_operator_wait = "7d"

[holdbacks]
set_floor = "90%"
presence_floor = 10

[control]
listen = "127.0.0.1:9000"
url = "https://control.example.org"

[publisher]
interval = "100ms"
heartbeat = "5s"
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "countermand.toml"
    path.write_text(text)
    return path


def refused(folder: Path, text: str) -> Refused:
    with pytest.raises(Refused) as caught:
        config.load(write(folder, text))
    assert caught.value.sentence
    assert caught.value.remedy
    return caught.value


def test_an_empty_file_is_the_standard(tmp_path: Path) -> None:
    loaded = config.load(write(tmp_path, ""))
    assert loaded == config.standard(tmp_path / "state")
    assert loaded.guard == Rails()
    assert loaded.holdbacks.presence_factor == 5


def test_a_whole_file(tmp_path: Path) -> None:
    loaded = config.load(write(tmp_path, WHOLE))
    assert loaded.state_dir == tmp_path / "var"
    assert loaded.database == tmp_path / "var" / "countermand.sqlite3"
    assert loaded.smtp.port == 587
    assert loaded.smtp.starttls is True
    assert loaded.notices.lease == 15 * MINUTE
    assert loaded.guard == Rails(3, 0.01, 24 * HOUR, 168 * HOUR)
    assert (loaded.holdbacks.set_floor, loaded.holdbacks.presence_floor, loaded.holdbacks.shrink_floor) == (0.9, 10, 3)
    assert loaded.publisher == config.Publisher(100, 5 * SECOND)


def test_absolute_paths_stay(tmp_path: Path) -> None:
    loaded = config.load(write(tmp_path, f'database = "{tmp_path}/elsewhere.sqlite3"'))
    assert loaded.database == tmp_path / "elsewhere.sqlite3"


@pytest.mark.parametrize(
    ("address", "host", "port"),
    [
        ("postgresql://cm@db.example.org:6432/orders", "db.example.org", 6432),
        ("postgres://cm@db.example.org/orders", "db.example.org", 5432),
        ("postgresql://cm@[::1]:6432/orders", "::1", 6432),
        ("postgresql://cm@/orders?host=/run/postgresql", "/run/postgresql", 5432),
        ("postgresql://cm@/orders?host=/tmp/x&port=77", "/tmp/x", 77),
    ],
)
def test_a_database_on_a_server(tmp_path: Path, address: str, host: str, port: int) -> None:
    loaded = config.load(write(tmp_path, f'database = "{address}"\ndatabase_password_file = "secret"')).database
    assert loaded == config.Postgres("cm", host, port, "orders", {}, tmp_path / "secret")
    again = config.load(write(tmp_path, f'database = "{loaded}"')).database
    assert again == config.Postgres("cm", host, port, "orders")
    (tmp_path / "secret").write_text("hunter2\n")
    assert isinstance(loaded, config.Postgres)
    assert loaded.password == "hunter2"
    assert "hunter2" not in f"{loaded!r} {loaded}"


def test_how_a_server_is_reached_safely(tmp_path: Path) -> None:
    address = "postgresql://cm@db.example.org/orders?sslmode=verify-full&sslrootcert=/ca.pem"
    loaded = config.load(write(tmp_path, f'database = "{address}"')).database
    assert isinstance(loaded, config.Postgres)
    assert loaded.tls == {"sslmode": "verify-full", "sslrootcert": "/ca.pem"}
    assert config.load(write(tmp_path, f'database = "{loaded}"')).database == loaded


def test_a_password_in_the_address_is_refused_and_not_repeated(tmp_path: Path) -> None:
    problem = refused(tmp_path, 'database = "postgresql://cm:hunter2@db/orders"')
    assert problem.code == "config-wrong-value"
    assert "hunter2" not in str(problem)


def test_a_secret_is_read_from_its_file(tmp_path: Path) -> None:
    loaded = config.load(write(tmp_path, WHOLE))
    with pytest.raises(Refused) as caught:
        _ = loaded.smtp.password
    assert caught.value.code == "secret-unreadable"
    (tmp_path / "smtp.secret").write_text("hunter2\n")
    assert loaded.smtp.password == "hunter2"
    assert "hunter2" not in repr(loaded)
    assert config.Smtp().password == ""


@pytest.mark.parametrize(
    ("text", "line", "column", "field", "nearest"),
    [
        ("stat_dir = 'x'", 1, 1, "stat_dir", "state_dir"),
        ("origin = 'x'\n\n[smpt]\nhost = 'x'", 3, 2, "smpt", "smtp"),
        ("[smtp]\nport = 25\n\n[guard]\nport = 25", 5, 1, "guard.port", "nothing is near"),
        ("[smtp]\n  hosst = 'x'", 2, 3, "smtp.hosst", "host"),
        ("[smtp]\npassword = 'x'", 2, 1, "smtp.password", "password_file"),
    ],
)
def test_unknown_keys(tmp_path: Path, text: str, line: int, column: int, field: str, nearest: str) -> None:
    problem = refused(tmp_path, text)
    assert problem.code == "config-unknown-key"
    where = problem.where
    assert where is not None
    assert (where.line, where.column, where.field) == (line, column, field)
    assert problem.params["nearest"] == nearest


@pytest.mark.parametrize(
    "text",
    [
        "smtp = 3",
        "state_dir = 3",
        "[smtp]\nport = 0",
        "[smtp]\nport = true",
        "[smtp]\nport = '25'",
        "[smtp]\nstarttls = 'yes'",
        "[guard]\napprovers = 0",
        "[guard]\ntolerance = 0.02",
        "[guard]\nminimum_notice = 72",
        "[notices]\nlease = '10 minutes'",
        "[control]\nlisten = '8440'",
        "[control]\nlisten = 'localhost:99999'",
        "database = 3",
        "database = 'postgresql://db/orders'",
        "database = 'postgresql://cm@/orders'",
        "database = 'postgresql://cm@db'",
        "database = 'postgresql://cm@db:x/orders'",
        "database = 'postgresql://cm@db:99999/orders'",
        "database = 'postgresql://cm@db/orders?options=-c'",
    ],
)
def test_wrong_values(tmp_path: Path, text: str) -> None:
    problem = refused(tmp_path, text)
    assert problem.code == "config-wrong-value"
    assert problem.where is not None
    assert problem.where.line is not None


def test_broken_toml_and_no_file(tmp_path: Path) -> None:
    broken = refused(tmp_path, "a = 1\nb = ")
    assert broken.code == "config-broken"
    assert broken.where is not None
    assert broken.where.line == 2
    (tmp_path / "countermand.toml").write_bytes(b"\xff")
    for path in (tmp_path / "countermand.toml", tmp_path / "none.toml"):
        with pytest.raises(Refused) as caught:
            config.load(path)
        assert caught.value.code == "config-missing"
