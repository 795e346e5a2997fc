"""What a receiver believes of a subject ends as it is, whatever is lost, refused, paused or forgotten on the way."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from countermand.core.believed import Known, agreed, following, refused, sending, silenced, unsure


@dataclass
class Wire:
    """Our side and the receiver's, with a wire between them that loses either what is said or what is answered. What left and was
    not answered may be heard at any later time before something else leaves."""

    known: Known = field(default_factory=Known)
    denied: bool = False
    believes: bool = False
    statements: int = 0

    def follow(self) -> None:
        before = self.known
        self.known = following(self.known, self.denied)
        if self.known.waits is not None and self.known != before:
            self.statements += 1

    def deliver(self, fate: str) -> None:
        if self.known.waits is None:
            return
        self.known = sending(self.known)
        said = self.known.waits
        if fate in {"taken", "answer lost"}:
            self.believes = said
        if fate == "taken":
            self.known = agreed(self.known)
        elif fate == "refused":
            self.known = refused(self.known)


_MOVES = st.one_of(
    st.sampled_from(["deny", "allow", "silence", "unsure", "follow"]),
    st.tuples(st.just("deliver"), st.sampled_from(["taken", "answer lost", "lost", "refused"])),
)


def play(moves: list[object]) -> Wire:
    wire = Wire()
    for move in moves:
        match move:
            case "deny" | "allow":
                wire.denied = move == "deny"
                wire.follow()
            case "follow":
                wire.follow()
            case "silence":
                wire.known = silenced(wire.known)
            case "unsure":
                wire.known = unsure(wire.known)
            case ("deliver", str(fate)):
                wire.deliver(fate)
    return wire


@given(st.lists(_MOVES, max_size=40))
def test_it_ends_as_it_is(moves: list[object]) -> None:
    wire = play(moves)
    wire.follow()
    wire.deliver("taken")
    assert wire.believes is wire.denied
    assert wire.known == Known(told=wire.denied)


@given(st.lists(_MOVES, max_size=40))
def test_without_doubt_we_know_what_it_believes(moves: list[object]) -> None:
    wire = play(moves)
    if not (wire.known.doubt or wire.known.sent):
        assert wire.believes is wire.known.told


@given(st.lists(_MOVES, max_size=40))
def test_following_twice_is_following_once(moves: list[object]) -> None:
    known = play(moves).known
    for denied in (True, False):
        once = following(known, denied)
        assert following(once, denied) is once


def test_what_was_never_heard_and_is_no_longer_so_is_not_said() -> None:
    assert following(following(Known(), True), False).nothing
    assert following(following(Known(told=True), False), True) == Known(told=True)


def test_what_may_have_been_heard_is_taken_back() -> None:
    sent = sending(following(Known(), True))
    back = following(sent, False)
    assert back.waits is False
    assert following(back, True).waits is True  # and again, since nobody knows
