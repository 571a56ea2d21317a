"""A store in an SQLite file, which the processes of one machine may share.  What all SQL stores share is elsewhere."""

import asyncio
import os
import sqlite3
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime, timedelta
from functools import partial
from threading import Lock
from typing import Final, TypeVar, cast

from authcore.entities import Entity
from authcore.errors import StoreFault
from authcore.ports import Caller, Catalogue, ClosableStore, Housekeeping, Key
from authcore_sqlalchemy.dialects import SQLITE
from authcore_sqlalchemy.engine_errors import conflicts, faults
from authcore_sqlalchemy.questions import Question, Questions, Texts
from authcore_sqlalchemy.sqlite_opening import (
    MEMORY,
    make_engine,
    prepare,
    set_for_reading,
    set_for_writing,
    transaction,
)
from authcore_sqlalchemy.statements import Statements
from authcore_sqlalchemy.tables import Tables

__all__ = ["SqliteStore"]

E = TypeVar("E", bound=Entity)
T = TypeVar("T")

_PATIENCE: Final = timedelta(seconds=2)


class SqliteStore(ClosableStore, Catalogue, Housekeeping):
    """Keeps entities in an SQLite file, which only its owner can read, or in memory for the path `:memory:`.

    It opens at once and creates what is missing.  Reads take microseconds and run where they are called.  Commits wait
    for the disk, so they run one after another in a thread of the store's own, which does nothing else; where no event
    loop runs, they run where they are called.  `patience` is how long a commit waits for another process's.

    Raises ConfigurationError if the database has another schema version, StoreFault if it cannot be opened.
    Open it in the process that uses it: a database must not be taken through a fork.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, patience: timedelta = _PATIENCE, tables: Tables | None = None
    ) -> None:
        """Open the database."""
        tables, name = tables or Tables(), os.fspath(path)
        self._statements, self._questions = Statements(tables), Questions(tables)
        self._process = os.getpid()
        self._turns = ThreadPoolExecutor(1, "authcore-sqlite")
        self._write_lock = self._read_lock = Lock()
        with ExitStack() as opened, faults(SQLITE):
            engine = make_engine(name, patience=patience)
            self._writing = self._reading = opened.enter_context(engine.connect())
            set_for_writing(self._writing)
            prepare(self._writing, tables)
            if name != MEMORY:
                self._read_lock, self._reading = Lock(), opened.enter_context(engine.connect())
                set_for_reading(self._reading)
            self._driver = cast("sqlite3.Connection", self._reading.connection.driver_connection)
            self._texts = Texts(engine.dialect)
            self._opened = opened.pop_all()

    async def find(self, key: Key[E], /) -> Sequence[E]:
        """Return what `key` names, in order of id."""
        return self._ask(self._questions.find(key))

    async def page(self, kind: type[E], /, *, beginning: str = "", after: str | None = None, limit: int) -> Sequence[E]:
        """Return a page of a kind."""
        return self._ask(self._questions.page(kind, beginning=beginning, after=after, limit=limit))

    async def caller(self, session_id: str, /) -> Caller:
        """Return what an authenticated request needs, by one statement."""
        return self._ask(self._questions.caller(session_id))

    async def commit(self, writes: Collection[Entity], unchanged: Collection[Entity] = ()) -> None:
        """Write all in one transaction, after those that were asked for before."""
        await self._in_turn(writes, unchanged)

    async def remove(
        self, removed: Collection[Entity], writes: Collection[Entity] = (), unchanged: Collection[Entity] = ()
    ) -> None:
        """Remove and write all in one transaction, after those that were asked for before.

        SQLite overwrites with zeros what it removes, and what a shorter value leaves; the log beside the file holds the
        former values until it is next written over.
        """
        await self._in_turn(writes, unchanged, removed)

    async def aged(self, kind: type[E], /, *, before: datetime, after: E | None = None, limit: int) -> Sequence[E]:
        """Return what is old of a kind."""
        return self._ask(self._questions.aged(kind, before=before, after=after, limit=limit))

    def close(self) -> None:
        """Finish the commits that were asked for, and close the database."""
        if self._process == os.getpid():
            self._turns.shutdown()
            with self._write_lock:
                self._opened.close()

    async def aclose(self) -> None:
        """Close as `close` does."""
        self.close()

    async def _in_turn(self, *listed: Collection[Entity]) -> None:
        self._check_usable()
        # Taken now: the caller's collections may change before their turn comes.
        work = partial(self._commit, *map(tuple, listed))
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            work()
        else:
            # A task that is cancelled stops waiting; a commit that has begun still runs to its end.
            await loop.run_in_executor(self._turns, work)

    def _commit(self, *listed: Collection[Entity]) -> None:
        with self._write_lock, faults(SQLITE), conflicts(SQLITE), transaction(self._writing):
            self._statements.write(self._writing, *listed)

    def _ask(self, question: Question[T]) -> T:
        self._check_usable()
        if question.statement is None:
            return question.answer(())
        with self._read_lock, faults(SQLITE):
            rows = self._driver.execute(*self._texts.of(question.statement, question.values)).fetchall()
        return question.answer(rows)

    def _check_usable(self) -> None:
        if self._process != os.getpid():
            raise StoreFault("this SQLite store was opened before a fork: open one in each process")
        if self._writing.closed:
            raise StoreFault("this SQLite store is closed")
