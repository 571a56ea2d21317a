"""The neutral guard: what it leaves of a handler, and when the handler runs."""

import inspect

import pytest

from authcore.testing import run_sync
from authcore.web.guards import guard


class Refused(Exception):
    """What the check of these tests raises."""


def refuse(arguments, named):
    """Let nobody in."""
    raise Refused


def note(seen):
    """Return a check that lets everybody in, and notes what it was given."""
    return lambda arguments, named: seen.append((arguments, dict(named)))


async def coroutine(first, *, second=2):
    """Return what was given."""
    return first, second


def plain(first, *, second=2):
    """Return what was given."""
    return first, second


def test_handlers_of_both_kinds_run_behind_the_check():
    """The check sees the handler's arguments, and what it lets through runs and returns as ever."""
    seen = []
    assert run_sync(guard(coroutine, check=note(seen))(1, second=3)) == (1, 3)
    assert guard(plain, check=note(seen))(1, second=3) == (1, 3)
    assert seen == [((1,), {"second": 3})] * 2


def test_refused_handlers_do_not_run():
    """Where the check raises, nothing of the handler runs, and its exception comes out."""
    ran = []
    with pytest.raises(Refused):
        run_sync(guard(coroutine, check=refuse)(1))
    with pytest.raises(Refused):
        guard(lambda: ran.append(1), check=refuse)()
    assert ran == []


def test_check_runs_when_the_coroutine_does():
    """Of a coroutine function nothing is checked before its coroutine is awaited, and it is one for whoever asks."""
    seen = []
    guarded = guard(coroutine, check=note(seen))
    assert inspect.iscoroutinefunction(guarded)
    assert not inspect.iscoroutinefunction(guard(plain, check=note(seen)))
    waiting = guarded(1)
    assert seen == []
    assert run_sync(waiting) == (1, 2)
    assert len(seen) == 1


def test_signature_is_kept():
    """Frameworks that read a handler's name and signature read the handler's own."""
    for handler in (coroutine, plain):
        guarded = guard(handler, check=refuse)
        assert guarded.__name__ == handler.__name__
        assert inspect.signature(guarded) == inspect.signature(handler)


def test_exceptions_of_a_handler_come_out():
    """What a handler raises itself is not touched."""

    async def crash():
        raise LookupError

    with pytest.raises(LookupError):
        run_sync(guard(crash, check=note([]))())
