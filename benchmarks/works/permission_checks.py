"""W4: one permission, held against few grants and many."""

from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from functools import partial
from itertools import count, repeat
from typing import Final

from authcore import PermissionSet
from benchmarks.measuring import Comparison, Side
from benchmarks.servers import Places
from benchmarks.timing import looped

__all__ = ["compared"]

_SIZES: Final = (1, 10, 100, 1000)
_KNOWN: Final = 2.0
_NEW: Final = 25.0
_GROWTH: Final = 1.3
_BUILDING: Final = 4.0
_AT_ONCE: Final = 20_000

_Asked = Callable[[int], Iterable[str]]
"""Gives so many requirements."""

_numbers = count()


async def compared(_places: Places) -> AsyncGenerator[Comparison, None]:
    """Yield checks beside look-ups in a frozenset; then what a thousand grants cost beside one; then building."""
    for size in _SIZES:
        for outcome in ("hit", "miss"):
            yield _check(size, f"known, {outcome}", _known(size, outcome), times=_KNOWN)
            yield _check(size, f"new, {outcome}", _new(size, outcome), times=_NEW)
    for outcome in ("hit", "miss"):
        for state, asked in (("known", _known), ("new", _new)):
            yield Comparison(
                work="W4",
                case=f"growth, {state}, {outcome}",
                sides={f"{size} grants": _implying(size, asked(size, outcome)) for size in (_SIZES[-1], _SIZES[0])},
                times=_GROWTH,
            )
    for size in _SIZES:
        yield _building(size, "again", _grants)
        yield _building(size, "first", _unheard_of_grants)


def _check(size: int, case: str, asked: _Asked, *, times: float) -> Comparison:
    granted = frozenset(_grants(size))
    return Comparison(
        work="W4",
        case=f"{size} grants, {case}",
        sides={
            "authcore": _implying(size, asked),
            "frozenset": looped(partial(_look_up, granted), asked),
            "frozenset, called": looped(partial(_call, granted.__contains__), asked),
        },
        times=times,
    )


def _building(size: int, case: str, grants: Callable[[int], Sequence[str]]) -> Comparison:
    def inputs(number: int) -> Sequence[Sequence[str]]:
        return [grants(size) for _ in range(number)]

    return Comparison(
        work="W4",
        case=f"building {size} grants, {case}",
        sides={
            "authcore": looped(partial(_call, PermissionSet.of), inputs),
            "frozenset": looped(partial(_call, frozenset), inputs),
        },
        times=_BUILDING,
        most=max(10, _AT_ONCE // size),
    )


def _implying(size: int, asked: _Asked) -> Side:
    permissions = PermissionSet.of(_grants(size))
    return looped(partial(_imply, permissions), asked)


def _imply(permissions: PermissionSet, asked: Iterable[str]) -> None:
    for requirement in asked:
        permissions.implies(requirement)


def _look_up(granted: frozenset[str], asked: Iterable[str]) -> None:
    for requirement in asked:
        requirement in granted  # noqa: B015  that is what is measured


def _call(function: Callable[[Sequence[str]], object], inputs: Iterable[Sequence[str]]) -> None:
    for each in inputs:
        function(each)


def _grants(size: int) -> Sequence[str]:
    """Return the same grants each time, as texts that nobody has hashed yet: so they come out of a database."""
    return [f"domain-{number % 10}:action-{number}" for number in range(size)]


def _known(size: int, outcome: str) -> _Asked:
    """Give the same requirement each time."""
    requirement = _grants(size)[size // 2] if outcome == "hit" else "elsewhere:read"
    return lambda number: repeat(requirement, number)


def _new(size: int, outcome: str) -> _Asked:
    """Give requirements that nobody has asked for yet: what is below a grant, and what is below none."""
    above = _grants(size)[size // 2] if outcome == "hit" else "elsewhere:read"
    return lambda number: [f"{above}:{next(_numbers)}" for _ in range(number)]


def _unheard_of_grants(size: int) -> Sequence[str]:
    """Return grants that were never held before."""
    number = next(_numbers)
    return [f"domain-{number}:action-{action}" for action in range(size)]
