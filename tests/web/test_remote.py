"""What the command line sends and understands over the network where its own tests do not come: loss, and other versions."""

import inspect
from pathlib import Path
from typing import Any

import pytest

from countermand.core.errors import Refused
from countermand.lib.http import Http, Response, Unreachable, Upload
from countermand.operations import back, carveouts, imports, standing
from countermand.operations.remote import Remote
from countermand.web import problems


class Line:
    """Stands in for the network: what was sent, and what comes back in turn; a failure is raised."""

    base = "https://countermand.example.org"

    def __init__(self, *answers: Response | Exception) -> None:
        self.answers = list(answers)
        self.sent: list[dict[str, Any]] = []

    def send(self, method: str, path: str, headers: dict[str, str], **more: Any) -> Response:
        self.sent.append({"method": method, "path": path, "headers": headers, **more})
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def remote(line: Line) -> Remote:
    return Remote(line, "token")  # type: ignore[arg-type]


HALTED = Response(200, "application/json", b'{"lineage": "x", "already": false}')


def test_a_lost_line_is_tried_again_under_the_same_key() -> None:
    line = Line(Unreachable("cut"), Unreachable("cut"), Response(200, "", b'{"directive": "x", "number": 1}'))
    assert remote(line).call(back.withdraw, "x").number == 1
    assert len({one["headers"]["idempotency-key"] for one in line.sent}) == 1
    nobody = Line(*[Unreachable("cut")] * 3)
    with pytest.raises(Refused) as refused:
        remote(nobody).call(back.halt, "x")
    assert refused.value.code == "unreachable"


def test_an_upload_that_was_cut_is_not_begun_again_by_itself(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("login\n")
    line = Line(Unreachable("cut"))
    with pytest.raises(Refused, match="unreachable"):
        remote(line).call(imports.import_people, tmp_path / "people.csv")
    assert line.sent[0]["files"] == [Upload("file", tmp_path / "people.csv")]


def test_values_go_where_the_document_says(tmp_path: Path) -> None:
    line = Line(HALTED)
    remote(line).call(back.halt, "a/b c", dry_run=True)
    assert (line.sent[0]["path"], line.sent[0]["body"]) == ("/api/v1/directives/a%2Fb%20c/halt", b'{"dry_run": true}')
    (tmp_path / "command.plist").write_text("x")
    line = Line(Response(422, "", problems.encoded({"problems": []})))
    with pytest.raises(Refused, match="strange-answer"):
        remote(line).call(imports.import_asked, tmp_path / "command.plist", ["u1", "u2"], dry_run=True)
    assert line.sent[0]["query"] == [("enrolments", "u1"), ("enrolments", "u2"), ("dry_run", "true")]


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"items": 1}', b'{"items": [{}], "next": ""}'])
@pytest.mark.parametrize("status", [200, 404, 500])
def test_what_is_not_an_answer_of_ours_is_refused(body: bytes, status: int) -> None:
    with pytest.raises(Refused) as refused:
        remote(Line(Response(status, "text/html", body))).call(carveouts.list_protections)
    assert refused.value.code == "strange-answer"


def test_a_refusal_arrives_as_it_was_said_even_if_its_code_is_new() -> None:
    fault = {"code": "from-the-future", "sentence": "It is too early.", "remedy": "Wait.", "where": None}
    many = [fault, {**fault, "where": {"file": "x", "line": 3, "column": None, "field": None}}]
    with pytest.raises(Refused) as refused:
        remote(Line(Response(409, "", problems.encoded({"problems": many})))).call(standing.status)
    assert refused.value.entry.exit == 4
    assert str(refused.value).splitlines() == [
        "It is too early. Wait. [from-the-future]",
        "x:3: It is too early. Wait. [from-the-future]",
    ]


@pytest.mark.parametrize("url", ["http://countermand.example.org", "ftp://x", "countermand.example.org", "http://192.0.2.1:8440"])
def test_a_token_is_sent_in_the_clear_to_nobody(url: str) -> None:
    with pytest.raises(Refused, match="url-insecure"):
        Http(url)


def test_every_operation_can_be_bound() -> None:
    from countermand.operations.every import EVERY

    for one in EVERY:
        first = next(iter(inspect.signature(one.run).parameters.values()))
        assert first.name == "call", one.name
