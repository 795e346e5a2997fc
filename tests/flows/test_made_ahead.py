"""Items made one ahead are the same items, never more than one of them early."""

from collections.abc import Iterator

import pytest

from countermand.lib.ahead import ahead


@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_the_same_in_the_same_order(count: int) -> None:
    assert list(ahead(iter(range(count)))) == list(range(count))


def test_never_more_than_one_is_early() -> None:
    made: list[int] = []

    def making() -> Iterator[int]:
        for number in range(9):
            made.append(number)
            yield number

    for number in ahead(making()):
        assert len(made) <= number + 2
    assert made == list(range(9))


def test_what_goes_wrong_comes_where_it_belongs() -> None:
    def making() -> Iterator[int]:
        yield 1
        raise ZeroDivisionError

    items = ahead(making())
    assert next(items) == 1
    with pytest.raises(ZeroDivisionError):
        next(items)


def test_whoever_stops_early_leaves_nothing_running() -> None:
    items = ahead(iter(range(100)))
    assert next(items) == 0
    items.close()
