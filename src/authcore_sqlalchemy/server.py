"""A store on a server, PostgreSQL or MariaDB, which many machines share.  What all SQL stores share is elsewhere."""

import asyncio
import os
from collections.abc import Callable, Collection, Sequence
from contextlib import nullcontext
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from sqlalchemy import Connection

from authcore.entities import Entity
from authcore.errors import StoreFault
from authcore.ports import Caller, Catalogue, ClosableStore, Housekeeping, Key
from authcore_sqlalchemy import server_opening
from authcore_sqlalchemy.direct import DirectReads
from authcore_sqlalchemy.engine_errors import fail, faults
from authcore_sqlalchemy.questions import Question, Questions, Texts
from authcore_sqlalchemy.statements import Statements
from authcore_sqlalchemy.tables import Tables

if TYPE_CHECKING:  # it needs greenlet, which is there where there is such an engine
    from sqlalchemy.ext.asyncio import AsyncEngine

__all__ = ["SqlStore"]

E = TypeVar("E", bound=Entity)
T = TypeVar("T")

_PATIENCE: Final = timedelta(seconds=2)
_CONNECTIONS: Final = 10
_WHOLE: Final = 5
_UNHURRIED: Final = timedelta(minutes=1)


class SqlStore(ClosableStore, Catalogue, Housekeeping):
    """Keeps entities in a database of PostgreSQL's or MariaDB's.

    `database` is a URL, `postgresql://user:password@host/name` or `mariadb://…`, or an AsyncEngine of the
    application's, whose settings and pool stay the application's business.  Nothing is opened before the first use.

    Of an engine made from a URL, `patience` is how long anything may wait for a connection or a lock, and twice that
    for a statement; and `connections` how many it has at most.  Whatever the engine, StoreFault is raised where five
    times `patience` have passed.  `tables` are the tables, if they have another prefix or schema than usual.

    The first use raises ConfigurationError, which says what to do, if the database has no tables of authcore's, older
    or newer ones, or cannot keep every text exactly; `open` asks before anybody needs it.
    It belongs to the event loop, and the process, of its first use.
    """

    def __init__(
        self,
        database: "str | AsyncEngine",
        *,
        patience: timedelta = _PATIENCE,
        connections: int = _CONNECTIONS,
        tables: Tables | None = None,
    ) -> None:
        """Remember the database; ConfigurationError if its engine is not known, or its driver not installed."""
        self._tables = tables or Tables()
        self._statements, self._questions = Statements(self._tables), Questions(self._tables)
        self._longest = _WHOLE * patience
        self._url = database if isinstance(database, str) else None
        if isinstance(database, str):
            self._engine, self._server = server_opening.make_engine(
                database, patience=patience, connections=connections
            )
        else:
            self._server = server_opening.server_of(database.dialect.name)
            self._engine = server_opening.without_transactions(database)
        self._texts = Texts(self._engine.dialect)
        # What an application has its own engine do for each statement, it is to do for these as well.
        self._direct = DirectReads(self._engine, self._server, longest=self._longest) if self._url else None
        self._works: set[asyncio.Task[object]] = set()
        self._home: tuple[int, asyncio.AbstractEventLoop] | None = None
        self._is_checked = self._is_closed = False

    async def open(self) -> None:
        """Connect, and see whether the database has the tables that it should."""
        await self._do(partial(server_opening.check, server=self._server, tables=self._tables))
        self._is_checked = True

    async def create_schema(self) -> None:
        """Create the tables in a database that has none; several may do so at once.

        Raises ConfigurationError if there are tables of another version.
        """
        create = partial(server_opening.create, server=self._server, tables=self._tables)
        if self._url is None:
            await self._do(create, _UNHURRIED)
            return
        # Creating tables, and waiting for others that do so, takes longer than anything else may.
        engine, _ = server_opening.make_engine(self._url, patience=_UNHURRIED, connections=1)
        try:
            await self._do(create, _UNHURRIED, engine)
        finally:
            await engine.dispose()

    async def migrate(self) -> Sequence[str]:
        """Bring the tables to today's version, from none or any older one, and return a line about each step.

        It needs the extra `cli`.  Several may do so at once.  `patience` bounds this, too: give it minutes where there
        is much to change.  Raises ConfigurationError for tables that are newer than this authcore.
        """
        return await self._do(partial(server_opening.migrate, server=self._server, tables=self._tables))

    async def aclose(self) -> None:
        """Finish what was asked for, and close the connections; an application's engine stays open."""
        self._is_closed = True
        if self._works:
            await asyncio.wait(self._works)
        if self._direct is not None:
            await self._direct.finish()
        if self._url is not None:
            with faults(self._server):
                await self._engine.dispose()

    async def find(self, key: Key[E], /) -> Sequence[E]:
        """Return what `key` names, in order of id."""
        return await self._ask(self._questions.find(key))

    async def page(self, kind: type[E], /, *, beginning: str = "", after: str | None = None, limit: int) -> Sequence[E]:
        """Return a page of a kind."""
        return await self._ask(self._questions.page(kind, beginning=beginning, after=after, limit=limit))

    async def caller(self, session_id: str, /) -> Caller:
        """Return what an authenticated request needs, by one statement, which is one round trip."""
        return await self._ask(self._questions.caller(session_id))

    async def commit(self, writes: Collection[Entity], unchanged: Collection[Entity] = ()) -> None:
        """Write all in one transaction.  A task that is cancelled stops waiting; the commit still runs to its end."""
        await self._write(writes, unchanged)

    async def remove(
        self, removed: Collection[Entity], writes: Collection[Entity] = (), unchanged: Collection[Entity] = ()
    ) -> None:
        """Remove and write all in one transaction, as `commit` does."""
        await self._write(writes, unchanged, removed)

    async def aged(self, kind: type[E], /, *, before: datetime, after: E | None = None, limit: int) -> Sequence[E]:
        """Return what is old of a kind."""
        return await self._ask(self._questions.aged(kind, before=before, after=after, limit=limit))

    async def _ask(self, question: Question[T]) -> T:
        await self._opened()
        if self._direct is None:
            return await self._do(question.asked_over)
        self._check_usable()
        if question.statement is None:
            return question.answer(())
        text, values = self._texts.of(question.statement, question.values)
        try:
            rows = await self._direct.rows(text, values)
        except Exception as error:  # noqa: BLE001  as `faults` does, at less than it costs
            fail(self._server, error)
        return question.answer(rows)

    async def _write(self, *listed: Collection[Entity]) -> None:
        listed = tuple(map(tuple, listed))  # the caller's collections may change meanwhile
        await self._opened()

        def write(connection: Connection) -> None:
            with server_opening.transaction(connection, self._server):
                self._statements.write(connection, *listed)

        await self._do(write)

    async def _opened(self) -> None:
        if not self._is_checked:
            await self.open()

    async def _do(
        self,
        work: Callable[[Connection], T],
        longest: timedelta | None = None,
        engine: "AsyncEngine | None" = None,
    ) -> T:
        """Do something on a connection, in a task of its own: whoever is cancelled leaves it as it should be."""
        self._check_usable()
        task = asyncio.create_task(self._connected(work, longest or self._longest, engine or self._engine))
        self._works.add(task)
        task.add_done_callback(self._forget)
        await asyncio.wait([task])
        return task.result()

    async def _connected(self, work: Callable[[Connection], T], longest: timedelta, engine: "AsyncEngine") -> T:
        with faults(self._server), self._direct.giving_way() if self._direct else nullcontext():
            async with asyncio.timeout(longest.total_seconds()), engine.connect() as connection:
                return await connection.run_sync(work)

    def _forget(self, task: "asyncio.Task[object]") -> None:
        self._works.discard(task)
        if not task.cancelled():
            task.exception()  # or it would be reported as never seen, where nobody waits any more

    def _check_usable(self) -> None:
        if self._is_closed:
            raise StoreFault(f"this store of {self._server.title}'s is closed")
        try:
            here = (os.getpid(), asyncio.get_running_loop())
        except RuntimeError:
            raise StoreFault("this store needs an event loop") from None
        if self._home is None:
            self._home = here
        if self._home != here:
            raise StoreFault("this store is used in another process or event loop already: make one in each")
