"""What a stranger could measure: how many questions the mail server is asked before a wrong password is refused, and real times.

Times are compared by their ranks only, with the devices asked in random order: no figure of a clock is asserted on. A test that
finds no difference shows something because the same test finds the one question more that plain nginx asks.
"""

import math
import random
import time
from collections.abc import Iterator, Sequence

import pytest
from other_doors import HTTP_KINDS, FrontEnd
from test_front_ends import front_end

from countermand.gates.configure import Failure

pytestmark = pytest.mark.live
#: Questions to the mail server for a stranger on (an allowed device, an unknown one, a denied one, an unknown login).
ASKED = {"nginx": [1, 1, 2, 1], "nginx-lua": [1, 1, 1, 1], "envoy": [1, 1, 1, 1], "haproxy": [1, 1, 1, 1]}
DEVICES = {"known": ("bob", "GOOD1"), "unknown": ("bob", "NEW"), "denied": ("alice", "BAD1"), "nobody": ("nobody", "BAD1")}
EACH = 40
#: So rarely is a difference found where there is none, in each of the comparisons.
ALPHA = 1e-6


@pytest.fixture(scope="module", params=HTTP_KINDS)
def door(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FrontEnd]:
    door = front_end(tmp_path_factory.mktemp("door"), request.param)
    yield door
    door.close()


def test_a_stranger_is_refused_after_as_many_questions_as_the_page_says(door: FrontEnd) -> None:
    found = []
    for kind in DEVICES:
        before = sum(door.mail.answers.values())
        _refused(door, kind)
        found.append(sum(door.mail.answers.values()) - before)
    assert found == ASKED[door.kind]


def test_nor_does_the_clock_tell_where_the_printed_words_promise_it(door: FrontEnd) -> None:
    door.mail.thinking = 0.003
    took: dict[str, list[float]] = {kind: [] for kind in DEVICES}
    told = _told(door, took)
    promised = "does NOT promise" not in door.printed(Failure.CLOSED)
    assert promised == ("Nor by time" in door.printed(Failure.CLOSED)) == (door.kind != "nginx")
    while not promised and "denied" not in told and len(took["denied"]) < 20 * EACH:
        told = _told(door, took)  # this machine has other work: patience finds what is there
    assert (told == set()) if promised else ("denied" in told), took


def _told(door: FrontEnd, took: dict[str, list[float]]) -> set[str]:
    """Measure each kind of device so many times more; which can be told from a known one by all times so far."""
    order = [kind for kind in DEVICES for _ in range(EACH)]
    random.shuffle(order)
    for kind in order:
        began = time.perf_counter()
        _refused(door, kind)
        took[kind].append(time.perf_counter() - began)
    return {kind for kind in DEVICES if _chance(took["known"], took[kind]) < ALPHA}


def _refused(door: FrontEnd, kind: str) -> None:
    login, device = DEVICES[kind]
    assert door.ask(login, f"Cmd=Sync&DeviceId={device}", password="wrong").status == 401


def _chance(one: Sequence[float], other: Sequence[float]) -> float:
    """How likely ranks at least so far apart are if all orders of these times are equally likely: the permutation distribution
    of the rank sum, by its normal limit (Mann and Whitney), which tells chances that no number of shuffles could."""
    ranked = sorted([(time, True) for time in one] + [(time, False) for time in other])
    ranks = sum(place for place, (_, mine) in enumerate(ranked, 1) if mine)
    few, many = len(one), len(other)
    middle, spread = few * (few + many + 1) / 2, math.sqrt(few * many * (few + many + 1) / 12)
    return math.erfc(abs(ranks - middle) / spread / math.sqrt(2))
