"""Running scripts, and what becomes of errors: whatever goes wrong is a fault, and nothing is tried again."""

import asyncio
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from redis.exceptions import (
    ConnectionError as NoConnection,
    NoScriptError,
    RedisError,
    ResponseError,
    TimeoutError as NoAnswer,
)

from authcore.errors import ConfigurationError, StoreFault
from authcore_redis.connections import Link
from authcore_redis.documents import FORMAT
from authcore_redis.pools import Command
from authcore_redis.scripts import Script

__all__ = ["Speaker"]

_CODE: Final = re.compile(r"[A-Z]{2,}\b")
_EVICTING: Final = re.compile(rb"^maxmemory_policy:allkeys", re.MULTILINE)
_TOO_OLD: Final = re.compile(rb"^redis_version:[0-6]\.", re.MULTILINE)
_MILLISECOND: Final = timedelta(milliseconds=1)


class Speaker:
    """Runs the scripts of one realm, in one event loop.

    `replicas` are waited for `replicas_within` after each script that writes.
    """

    def __init__(self, link: Link, *, format_key: str, replicas: int, replicas_within: timedelta) -> None:
        """Say nothing yet."""
        self._link = link
        self._format_key = format_key
        self._replicas = replicas
        self._waiting: list[Command] = [("WAIT", replicas, replicas_within // _MILLISECOND)] if replicas else []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_closed = False

    async def read(self, script: Script, keys: Sequence[str], *args: str | bytes | int) -> object:
        """Return the answer of a script that only reads."""
        (answer,) = await self._run(script, keys, [_octets(arg) for arg in args], [])
        return answer

    def question(self, script: Script, keys: Sequence[str]) -> "Question":
        """Return what `ask` asks: a script that only reads, and is told one thing besides its keys."""
        return Question(script, self._told(keys))

    async def ask(self, question: "Question", arg: str) -> object:
        """Return the answer to a question, as `read` does."""
        (answer,) = await self._say([question.by_digest(arg.encode())])
        if isinstance(answer, NoScriptError):
            (answer,) = await self._say([question.by_source(arg.encode())])
        _check(answer)
        return answer

    async def write(self, script: Script, keys: Sequence[str], args: Sequence[bytes]) -> bool:
        """Return whether a script has written; StoreFault if too few replicas have it, too."""
        written, *acknowledged = await self._run(script, keys, args, self._waiting)
        if written == 0:
            return False
        if written != 1:
            raise StoreFault("Redis: a script has answered what it never answers")
        if not all(isinstance(count, int) and count >= self._replicas for count in acknowledged):
            raise StoreFault(f"Redis: it was stored, and fewer than {self._replicas} replicas have it in time")
        return True

    async def check(self) -> None:
        """Raise ConfigurationError for another format, and for a server that is too old, or forgets by itself."""
        # The realm's key first: in a Cluster it tells which node is to answer.
        kept, told = await self._say([("GET", _octets(self._format_key)), ("INFO",)])
        for answer in (kept, told):
            _check(answer)
        if isinstance(kept, bytes) and kept != str(FORMAT).encode():
            message = (
                f"the realm has authcore's format {kept.decode(errors='replace')}, and this authcore needs {FORMAT}"
            )
            raise ConfigurationError(message)
        if isinstance(told, bytes) and _TOO_OLD.search(told):
            raise ConfigurationError("this server is too old: it must be a Redis from 7.0 on, or a Valkey")
        if isinstance(told, bytes) and _EVICTING.search(told):
            raise ConfigurationError("this server forgets what it likes: set its maxmemory-policy to noeviction")

    async def aclose(self) -> None:
        """Say nothing any more."""
        self._is_closed = True
        await self._link.aclose()

    async def _run(
        self, script: Script, keys: Sequence[str], args: Sequence[bytes], then: Sequence[Command]
    ) -> list[object]:
        told = (*self._told(keys), *args)
        answers = await self._say([(script.by_digest, _octets(script.digest), *told), *then])
        if isinstance(answers[0], NoScriptError):
            # So surely it has not run.
            answers = await self._say([(script.by_source, _octets(script.source), *told), *then])
        _check(answers[0])
        return answers

    def _told(self, keys: Sequence[str]) -> tuple[bytes, ...]:
        """Return what each script is told first: octets, whatever a client of the application's makes of text."""
        return tuple(map(_octets, (len(keys) + 1, self._format_key, *keys, FORMAT)))

    async def _say(self, commands: Sequence[Command]) -> list[object]:
        self._check_usable()
        try:
            return await self._link.say(commands)
        except (RedisError, OSError) as error:
            name = type(error).__name__
            if type(error) in {NoConnection, NoAnswer} or isinstance(error, OSError):
                raise StoreFault(f"Redis: {name}") from error
        # Apart from the cause: the text of what a server answers may repeat what it was told.
        raise StoreFault(f"Redis: {name}")

    def _check_usable(self) -> None:
        if self._is_closed:
            raise StoreFault("this Redis store is closed")
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            loop = None
        self._loop = self._loop or loop
        if loop is None or self._loop is not loop:
            raise StoreFault("a Redis store works in the event loop that it was first used in: open one in each")


class Question:
    """A script that only reads, with what it is always told; all but one argument is packed for the wire already."""

    def __init__(self, script: Script, beginning: Sequence[bytes]) -> None:
        """Pack it."""
        self._source: tuple[str | bytes, ...] = (script.by_source, _octets(script.source), *beginning)
        told = (script.by_digest.encode(), _octets(script.digest), *beginning)
        self._packed = b"*%d\r\n" % (len(told) + 1) + b"".join(map(_packed, told))

    def by_digest(self, arg: bytes) -> Command:
        """Return what to say to a server that knows the script."""
        return self._packed + _packed(arg)

    def by_source(self, arg: bytes) -> Command:
        """Return what to say to one that does not."""
        return (*self._source, arg)


def _packed(arg: bytes) -> bytes:
    """Return an argument as it goes over the wire."""
    return b"$%d\r\n%b\r\n" % (len(arg), arg)


def _check(answer: object) -> None:
    """Raise StoreFault for an error; of its text only the code is told, for the rest may repeat what was asked."""
    if isinstance(answer, ResponseError):
        code = _CODE.match(str(answer)) if type(answer) is ResponseError else None
        raise StoreFault(f"Redis: {code[0] if code else type(answer).__name__}")


def _octets(arg: object) -> bytes:
    return arg if isinstance(arg, bytes) else str(arg).encode()
