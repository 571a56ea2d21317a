"""Running a flow with no event loop at all."""

from collections.abc import Coroutine
from typing import TypeVar

__all__ = ["run_sync"]

T = TypeVar("T")


def run_sync(flow: Coroutine[object, None, T]) -> T:
    """Run a coroutine that awaits only ports which never wait, and return its result.

    Raises RuntimeError if it does wait: then it needs an event loop.
    """
    try:
        flow.send(None)
    except StopIteration as finished:
        result: T = finished.value
        return result
    flow.close()
    msg = "this flow waits for something: run it in an event loop"
    raise RuntimeError(msg)
