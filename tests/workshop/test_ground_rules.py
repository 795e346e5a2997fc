"""The ground that tests stand on: no network, and a database that no other test has touched."""

import socket
import threading

import pytest

import behind
from countermand.config import Database


@pytest.mark.parametrize("host", ["192.0.2.1", "10.0.0.1", "2001:db8::1"])
def test_a_socket_to_elsewhere_is_refused(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as plug, pytest.raises(RuntimeError, match="reached for the network"):
        plug.connect((host, 9))


def test_a_name_is_not_looked_up() -> None:
    with pytest.raises(RuntimeError, match="reached for the network"):
        socket.getaddrinfo("example.org", 25)


def test_loopback_is_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_has_its_own_rows(store: Database, turn: int) -> None:
    from pyroaring import BitMap

    from countermand.store import sets
    from countermand.store.unit import unit

    assert sets.blocks("d") == []
    with unit():
        sets.save("d", 7, {"every": BitMap([turn])})
    assert sets.blocks("d") == [7]
    assert behind.ask(store, "SELECT count(*) FROM store_factset") == [(1,)]


def test_threads_see_the_same_database(store: Database) -> None:
    from django.db import connection
    from pyroaring import BitMap

    from countermand.store import sets
    from countermand.store.unit import unit

    with unit():
        sets.save("d", 3, {"every": BitMap([1])})
    seen: list[list[int]] = []

    def look() -> None:
        seen.append(sets.blocks("d"))
        connection.close()

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [[3]]
