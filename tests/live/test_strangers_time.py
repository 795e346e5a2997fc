"""What a stranger could measure: how many questions the mail server is asked before a wrong password is refused. Time itself is
measured by ``gate check``; here is what it is made of."""

from pathlib import Path

import pytest
from other_doors import HTTP_KINDS
from test_front_ends import front_end

pytestmark = pytest.mark.live
#: Questions to the mail server for a stranger on (an allowed device, an unknown one, a denied one, an unknown login).
ASKED = {"nginx": [1, 1, 2, 1], "nginx-lua": [1, 1, 1, 1], "envoy": [1, 1, 2, 1], "haproxy": [1, 1, 2, 1]}


@pytest.mark.parametrize("kind", HTTP_KINDS)
def test_a_stranger_is_refused_after_as_many_questions_as_the_page_says(tmp_path: Path, kind: str) -> None:
    door = front_end(tmp_path, kind)
    try:
        found = []
        for login, device in (("bob", "GOOD1"), ("bob", "NEW"), ("alice", "BAD1"), ("nobody", "BAD1")):
            before = sum(door.mail.answers.values())
            assert door.ask(login, f"Cmd=Sync&DeviceId={device}", password="wrong").status == 401
            found.append(sum(door.mail.answers.values()) - before)
        assert found == ASKED[kind]
    finally:
        door.close()
