"""Denials in ActiveSync's own words: the right command's, for phones that know them, and 403 for all others."""

import re
import shutil
import subprocess

import pytest

from countermand.gates.activesync import _SPOKEN, blocked
from gate_plane import packed_query

NAMES = ["Sync", "SendMail", "FolderSync", "Search", "Settings", "Ping", "ItemOperations", "Provision"]


@pytest.mark.parametrize("name", NAMES)
def test_libwbxml_reads_status_129_in_the_commands_own_element(name: str) -> None:
    body = blocked(f"/Microsoft-Server-ActiveSync?Cmd={name}&DeviceId=X".encode(), b"14.1")
    program = shutil.which("wbxml2xml")
    assert program, "libwbxml2-utils is among the tests' packages"
    read = subprocess.run(
        [program, "-l", "ACTIVESYNC", "-o", "-", "-"], input=body, capture_output=True, check=True
    ).stdout.decode()
    assert re.search(rf"<{name}[^>]*>\s*<Status>129</Status>\s*</{name}>", read), read
    assert len(_SPOKEN) == len(NAMES)


def test_the_packed_form_has_its_own_version_and_command() -> None:
    assert blocked(b"/x?" + packed_query(b"D1").encode(), b"") == blocked(b"/x?Cmd=Sync&DeviceId=D1", b"14.0")


@pytest.mark.parametrize(
    ("query", "version"),
    [(b"Cmd=Sync", b"12.1"), (b"Cmd=Sync", b""), (b"Cmd=Sync", b"nonsense"), (b"Cmd=MoveItems", b"14.1"), (b"", b"14.1")],
)
def test_older_phones_and_other_commands_get_the_403(query: bytes, version: bytes) -> None:
    assert blocked(b"/x?" + query, version) == b""
