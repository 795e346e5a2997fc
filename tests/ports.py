"""Ports for servers that a test starts: none that another process is given for a connection of its own meanwhile."""

import itertools
import os
import socket

#: Under the ports that systems hand out to outgoing connections (32768 on Linux, ``ip_local_port_range``).
_FIRST, _COUNT = 10_000, 22_000
_TURNS = itertools.count(os.getpid() * 61)  # test processes side by side begin far from each other


def free_port() -> int:
    """One on which nobody listens, and that this process was not given before."""
    for turn in itertools.islice(_TURNS, _COUNT):
        port = _FIRST + turn % _COUNT
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("every port is taken")
