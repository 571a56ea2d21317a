"""Conversing with one server over connections of a pool: the application's, or one of our own.

Nothing is ever said twice here.  What is sent in one go is said over one connection, and answered before anybody else
speaks over it.
"""

import asyncio
from collections.abc import Sequence
from typing import Protocol, TypeAlias

from redis.asyncio import BlockingConnectionPool, ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ReadOnlyError, ResponseError

__all__ = ["BorrowedPool", "Command", "OwnPool", "Pool"]

Command: TypeAlias = bytes | tuple[bytes | str | int, ...]
"""A command and its arguments, or what goes over the wire for them."""


class Pool(Protocol):
    """Connections to one server."""

    async def say(self, commands: Sequence[Command]) -> list[object]:
        """Return what was answered to each command; an error of the server's is an answer, too.

        Raises what redis-py raises, and OSError, if an answer did not come.
        """
        ...

    async def forget(self) -> None:
        """Close the connections over which nobody speaks."""
        ...

    async def aclose(self) -> None:
        """Close the connections that are the pool's own."""
        ...


class BorrowedPool(Pool):
    """The application's: each connection is given back at once, and how long is waited is the application's to say."""

    def __init__(self, pool: ConnectionPool) -> None:
        """Connect to nothing yet."""
        self._pool = pool

    async def say(self, commands: Sequence[Command]) -> list[object]:
        """Say it over any connection."""
        connection: AbstractConnection = await self._pool.get_connection()  # type: ignore[no-untyped-call]
        try:
            return await _converse(connection, commands, self)
        finally:
            # To its end even while being cancelled, or the pool would have one connection less for good.
            await asyncio.shield(self._pool.release(connection))

    async def forget(self) -> None:
        """Have the pool close them."""
        await self._pool.disconnect(inuse_connections=False)

    async def aclose(self) -> None:
        """Close nothing: the application opened them."""


class OwnPool(Pool):
    """Our own: a connection that was used stays at hand, as long as nobody waits for one.

    Connections wait for answers as long as it takes; `patience`, in seconds, is for each command of a conversation.
    """

    def __init__(self, pool: BlockingConnectionPool, *, patience: float) -> None:
        """Connect to nothing yet."""
        self._pool = pool
        self._patience = patience
        self._at_hand: list[AbstractConnection] = []
        self._waiting = 0

    async def say(self, commands: Sequence[Command]) -> list[object]:
        """Say it over the connection that was used last."""
        connection = await self._take()
        try:
            # One timer for all, since redis-py would start a task for each thing that it sends within some time.
            async with asyncio.timeout(self._patience * len(commands)):
                return await _converse(connection, commands, self)
        except BaseException:
            # What it is still answered nobody must take for the answer to something else.
            await connection.disconnect(nowait=True)
            raise
        finally:
            if self._waiting:
                await asyncio.shield(self._pool.release(connection))
            else:
                self._at_hand.append(connection)

    async def forget(self) -> None:
        """Close those at hand, and those in the pool."""
        while self._at_hand:
            connection = self._at_hand.pop()
            await connection.disconnect(nowait=True)
            await self._pool.release(connection)
        await self._pool.disconnect(inuse_connections=False)

    async def aclose(self) -> None:
        """Close all."""
        self._at_hand.clear()
        await self._pool.disconnect()

    async def _take(self) -> AbstractConnection:
        if self._at_hand:
            connection = self._at_hand.pop()
            if _is_over(connection):
                await connection.disconnect(nowait=True)  # it connects anew before it speaks
            return connection
        self._waiting += 1
        try:
            taken: AbstractConnection = await self._pool.get_connection()  # type: ignore[no-untyped-call]
        finally:
            self._waiting -= 1
        return taken


async def _converse(connection: AbstractConnection, commands: Sequence[Command], pool: Pool) -> list[object]:
    """Send commands in one go, and return the answers.

    A connection knows how to repeat itself only where nothing was sent yet: when it is opened.
    """
    packed = [part for command in commands for part in _packed(connection, command)]
    await connection.send_packed_command(packed)
    answers = [await _answer(connection) for _ in commands]
    if any(isinstance(answer, ReadOnlyError) for answer in answers):
        # The server was demoted, and keeps its connections: what they would read now is outdated.
        await connection.disconnect()
        await pool.forget()
    return answers


def _packed(connection: AbstractConnection, command: Command) -> Sequence[bytes]:
    return [command] if isinstance(command, bytes) else connection.pack_command(*command)


async def _answer(connection: AbstractConnection) -> object:
    try:
        return await connection.read_response(disable_decoding=True)
    except ResponseError as error:
        return error


def _is_over(connection: AbstractConnection) -> bool:
    """Tell whether the server has hung up meanwhile, as far as the event loop has heard of it."""
    reader = connection._reader  # noqa: SLF001  asking redis-py costs a wait
    return reader is None or reader.at_eof() or reader.exception() is not None
