"""Files that are wrong, through the command line: each says what, where and what to do, and nothing of it is applied."""

from collections.abc import Iterator

import pytest
from cli_house import House
from test_imports import DEVICES, PEOPLE, rows, written

TEXT = """\
schema: countermand/v1
id: x
title: X
issuer: I
reason: R
prohibits: [{product: TikTok}]
consequence: deny_mail
due: {after: 7d}
"""


@pytest.mark.parametrize(
    ("text", "place", "code"),
    [
        (TEXT.replace("TikTok}", "TikTok"), ":6:", "broken-yaml"),
        (TEXT.replace("title: X", "title: X\ntitle: Y"), ":4:", "duplicate-key"),
    ],
    ids=["broken", "twice"],
)
def test_a_broken_order(house: House, text: str, place: str, code: str) -> None:
    refused = house.run("ann", "write", str(written(house, "x.yaml", text)))
    assert refused.exit_code == 2, refused.output
    assert f"x.yaml{place}" in refused.stderr
    assert f"[{code}]" in refused.stderr
    assert len(refused.stderr) < 2_000
    assert house.run("ann", "status", "x").exit_code != 0


def test_an_order_of_ten_megabytes(house: House) -> None:
    refused = house.run("ann", "write", str(written(house, "x.yaml", TEXT.replace("title: X", "title: " + "x" * (10 << 20)))))
    assert refused.exit_code == 2
    assert "too-large]" in refused.stderr, "the document, or over the network already the request"
    assert len(refused.stderr) < 2_000


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (DEVICES.replace("F2,bob", "F1,bob"), ":3 (serial)"),
        (DEVICES.replace("andF2", "ApplF1"), ":3 (eas_id)"),
        (DEVICES.replace("F2,bob", "F2,nobody"), ":3 (login)"),
        (DEVICES.replace(",", ";"), ":1"),
        (DEVICES.replace("Pixel", "x" * (10 << 20)), ":3"),
    ],
    ids=["serial twice", "mail id twice", "owner", "delimiter", "10 MB"],
)
def test_a_wrong_device_list(house: House, text: str, place: str) -> None:
    house.ask("ann", "import", "people", str(written(house, "people.csv", PEOPLE)))
    refused = house.run("ann", "import", "devices", str(written(house, "devices.csv", text)))
    assert refused.exit_code == 2, refused.output
    assert f"devices.csv{place}" in refused.stderr
    assert len(refused.stderr) < 2_000
    assert rows(house) == (2, 0)


@pytest.mark.parametrize("house", ["in process"], indirect=True)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_million_lines_with_one_bad_row(house: House) -> None:
    """The last one; it is named, and of the others none is there."""
    file = house.folder / "groups.csv"

    def lines() -> Iterator[bytes]:
        yield b"group,member_of\n"
        yield from (b"g%d,all\n" % (number % 1_000) for number in range(999_999))
        yield b"g1,\n"

    with file.open("wb") as written_to:
        written_to.writelines(lines())
    refused = house.run("ann", "import", "groups", str(file))
    assert refused.exit_code == 2, refused.output
    assert "groups.csv:1000001 (member_of)" in refused.stderr
    assert len(refused.stderr) < 1_000
    good = written(house, "good.csv", "group,member_of\ng1,all\n")
    assert house.ask("ann", "import", "groups", str(good), "--dry-run")["added"] == 1, "nothing of the million is there"
