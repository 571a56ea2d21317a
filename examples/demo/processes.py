"""Processes that all do the same, and end together.  What they do is not known here."""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from threading import Thread
from types import FrameType
from typing import Final, NoReturn

__all__ = ["ProcessEnded", "heed_endings", "is_orphaned", "run_alike"]

_PATIENCE: Final = 6.0


class ProcessEnded(Exception):
    """A process has ended that nobody asked to; the message says which, and how."""


def heed_endings() -> None:
    """Have Ctrl-C, or whatever else asks this process to end, raise KeyboardInterrupt: once, so that it ends in order.

    Even where a script has started it in the background, which would have it ignore Ctrl-C.
    """
    asked: list[int] = []

    def end(number: int, _: FrameType | None) -> None:
        asked.append(number)
        if len(asked) == 1:
            raise KeyboardInterrupt

    for number in _endings():
        signal.signal(number, end)


def run_alike(work: Callable[[], object], *, count: int) -> NoReturn:
    """Have so many new processes do the same, until one ends or this one is asked to; all have ended then.

    They begin anew and inherit nothing but what `work` holds, which is pickled: no connection crosses a fork.
    Raises ProcessEnded if one has ended by itself.
    """
    context = multiprocessing.get_context("spawn")
    # As daemons, so that whatever happens here, Python itself ends them.
    processes = [context.Process(target=_work, args=(work,), daemon=True) for _ in range(count)]
    try:
        with _endings_held():
            for process in processes:
                process.start()
        ended = wait([process.sentinel for process in processes])
        _tell(next(process for process in processes if process.sentinel in ended))
    finally:
        _end([process for process in processes if process.pid is not None])


def is_orphaned() -> bool:
    """Tell whether the process that started this one was killed, so that nothing is left to its care."""
    parent = multiprocessing.parent_process()
    return parent is not None and not parent.is_alive()


def _endings() -> Sequence[signal.Signals]:
    hangup = getattr(signal, "SIGHUP", None)  # a terminal is closed; `nohup` has it ignored
    if hangup is None or signal.getsignal(hangup) is signal.SIG_IGN:
        return [signal.SIGINT, signal.SIGTERM]
    return [signal.SIGINT, signal.SIGTERM, hangup]


def _tell(process: SpawnProcess) -> NoReturn:
    process.join()
    raise ProcessEnded(f"its process {process.pid} has ended by itself, with status {process.exitcode}; start it again")


def _end(processes: Sequence[SpawnProcess]) -> None:
    for process in processes:
        process.terminate()
    give_up_at = time.monotonic() + _PATIENCE
    for process in processes:
        process.join(max(0, give_up_at - time.monotonic()))
    for process in processes:
        process.kill()
        process.join()


@contextmanager
def _endings_held() -> Iterator[None]:
    """Hold signals back here, and in processes that begin meanwhile: Python's own start would end with a traceback."""
    if not hasattr(signal, "pthread_sigmask"):  # not on every system
        yield
        return
    resource_tracker.ensure_running()  # it would let signals through when it is started
    signal.pthread_sigmask(signal.SIG_BLOCK, _endings())
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _endings())


def _work(work: Callable[[], object]) -> None:
    """Do the work in a new process, until it is asked to end."""
    heed_endings()
    Thread(target=_end_with_parent, daemon=True).start()
    with suppress(KeyboardInterrupt):
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _endings())
        work()


def _end_with_parent() -> None:
    """End this process, in good order, when the one has ended that started it, even if it was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
