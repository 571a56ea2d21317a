"""How comparisons are measured: in turn, as often as there is time for, and told as medians of neighbours' ratios."""

import pytest

from benchmarks.measuring import Comparison, Counted, Pace, Spread, Trial, compare, try_out

PACE = Pace(rounds=4, seconds=8.0)


class Clockwork:
    """A side of which each call takes a given time, and that writes down when it is measured."""

    def __init__(self, name, book, each):
        """Begin with nothing done."""
        self._name, self._book, self._each = name, book, each

    async def __call__(self, count):
        """Tell how long it would have taken."""
        self._book.append((self._name, count))
        return self._each * count


def comparison(*times, book=None, **settings):
    """A comparison of sides that take so long each, named `0`, `1`, and so on."""
    book = [] if book is None else book
    sides = {str(place): Clockwork(str(place), book, each) for place, each in enumerate(times)}
    return Comparison(work="W0", case="clockwork", sides=sides, **settings)


async def test_sides_take_turns():
    """In each round every side is measured once, in the same order."""
    book = []
    await compare(comparison(1.0, 2.0, 4.0, book=book), PACE)
    assert [name for name, _ in book[-12:]] == ["0", "1", "2"] * 4


async def test_rounds_are_about_equally_long():
    """A side does as much in a round as there is time for, once at least, and no more than it may."""
    book = []
    await compare(comparison(1.0, 2.0, 100.0, 0.01, book=book, most=50), PACE)
    assert book[-4:] == [("0", 8), ("1", 4), ("2", 1), ("3", 50)]


async def test_slow_comparisons_have_fewer_rounds():
    """A comparison may say how many rounds are enough for it, but never that there be more than were asked for."""
    assert [(await compare(comparison(3.0, 2.0, rounds=most), PACE)).rounds for most in (1, 9)] == [1, 4]


async def test_ratios_are_those_to_the_floor():
    """The second side is the floor: each is told as a multiple of it, and as what it takes more."""
    figures = await compare(comparison(3.0, 2.0, 1.0), PACE)
    assert (figures.subject, figures.floor, figures.rounds) == ("0", "1", 4)
    assert {name: each.median for name, each in figures.ratios.items()} == {"0": 1.5, "1": 1.0, "2": 0.5}
    assert {name: each.median for name, each in figures.differences.items()} == {"0": 1.0, "1": 0.0, "2": -1.0}


async def test_overheads_come_first():
    """An overhead is what one side takes more than another: the comparison is about it, and tells the sides as well."""
    overheads = {"one": ("0", "1"), "other": ("2", "3")}
    figures = await compare(comparison(3.0, 2.0, 7.0, 3.0, overheads=overheads, times=0.25), PACE)
    assert (figures.subject, figures.floor, figures.within) == ("one", "other", True)
    assert [each.median for each in figures.seconds.values()] == [1.0, 4.0, 3.0, 2.0, 7.0, 3.0]
    assert figures.ratios["one"].median == 0.25


@pytest.mark.parametrize(
    ("target", "within"),
    [
        ({}, None),
        ({"times": 1.5}, True),
        ({"times": 1.4}, True),
        ({"times": 1.3}, False),
        ({"more": 1.0}, True),
        ({"more": 0.9}, False),
    ],
)
async def test_targets_have_a_tolerance(target, within):
    """A target is met up to a tenth above it; where there is none, nothing is told."""
    assert (await compare(comparison(3.0, 2.0, **target), PACE)).within is within


async def test_rounds_can_be_fewer():
    """A comparison of which each round takes long has fewer of them, and never more than were asked for."""
    assert (await compare(comparison(1.0, 2.0, rounds=2), PACE)).rounds == 2
    assert (await compare(comparison(1.0, 2.0, rounds=9), PACE)).rounds == PACE.rounds


async def test_a_trial_finds_several_things():
    """Each go finds something about every case, the first one counts for nothing, and each case has its own target."""
    goes = iter([100.0, 3.0, 4.0, 5.0, 6.0])

    async def go():
        found = next(goes)
        return {"felt": {"authcore": found, "floor": 2.0}, "done": {"authcore": 1.0, "floor": 4.0}}

    felt, done = await try_out(Trial(work="W0", go=go, times={"felt": 2.0}), PACE)
    assert (felt.case, felt.rounds, felt.ratios["authcore"].median, felt.within) == ("felt", 4, 2.25, False)
    assert (done.case, done.floor, done.ratios["authcore"].median, done.within) == ("done", "floor", 0.25, None)


@pytest.mark.parametrize(("most", "within"), [(None, None), (2.0, True), (1.9, True), (1.8, False)])
def test_counts_have_a_tolerance_too(most, within):
    """What was counted meets its target up to a tenth above it."""
    counted = Counted(work="W0", case="some", unit="MiB", counts={"authcore": 2.0, "floor": 1.0}, most=most)
    assert counted.within is within


def test_a_spread_has_quartiles():
    """Half of the figures lie between the two; a single figure has no spread."""
    assert Spread.of([4.0, 1.0, 5.0, 2.0, 3.0]) == Spread(3.0, 2.0, 4.0)
    assert Spread.of([7.0]) == Spread(7.0, 7.0, 7.0)
