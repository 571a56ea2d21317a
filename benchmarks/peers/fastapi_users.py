"""FastAPI Users on FastAPI: tokens in a database, carried by a cookie, with its tables in SQLAlchemy."""

import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from types import SimpleNamespace
from typing import Any, TypeAlias

from fastapi import Depends, FastAPI, Response
from fastapi_users import BaseUserManager, FastAPIUsers, UUIDIDMixin
from fastapi_users.authentication import AuthenticationBackend, CookieTransport
from fastapi_users.authentication.strategy.db import DatabaseStrategy
from fastapi_users.db import SQLAlchemyBaseUserTableUUID, SQLAlchemyUserDatabase
from fastapi_users.password import PasswordHelper
from fastapi_users_db_sqlalchemy.access_token import SQLAlchemyAccessTokenDatabase, SQLAlchemyBaseAccessTokenTableUUID
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from benchmarks.client import Client
from benchmarks.measuring import Side
from benchmarks.peers.scenes import asked
from benchmarks.peers.stalls import AT_ONCE, PASSWORD, stalls

__all__ = ["logins", "requests"]

_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
_COOKIE = "fastapiusersauth"
_HOUR = 3600

_Sessions: TypeAlias = async_sessionmaker[AsyncSession]


class _Base(DeclarativeBase):
    pass


class _User(SQLAlchemyBaseUserTableUUID, _Base):
    pass


class _AccessToken(SQLAlchemyBaseAccessTokenTableUUID, _Base):
    pass


class _UserManager(UUIDIDMixin, BaseUserManager[_User, uuid.UUID]):
    pass


@asynccontextmanager
async def requests(place: str, people: int, roles: int, permissions: int) -> AsyncIterator[Mapping[str, Side]]:  # noqa: ARG001
    """Have people in its tables, and ask their page; it knows neither roles nor permissions."""
    async with _tables(place, people) as sessions:
        cookies = await _admit(sessions, people)
        bare, guarded = FastAPI(), FastAPI()
        bare.add_api_route("/", _hello)
        guarded.add_api_route("/me", _hello, dependencies=[Depends(_current_user(sessions))])
        yield await asked({"bare": (bare, "/"), "authenticated": (guarded, "/me")}, cookies)


@asynccontextmanager
async def logins(place: str) -> AsyncIterator[Mapping[str, Side]]:
    """Have people log in, while others ask a bare page."""
    bare, helper = FastAPI(), PasswordHelper()
    bare.add_api_route("/", _hello)
    secret = helper.hash(PASSWORD)
    async with _tables(place, AT_ONCE) as sessions:
        await _register(sessions, AT_ONCE, secret)

        async def log_in(number: int) -> None:
            async with sessions() as session:
                credentials: Any = SimpleNamespace(username=_email(number), password=PASSWORD)
                user = await _UserManager(SQLAlchemyUserDatabase(session, _User)).authenticate(credentials)
                await _strategy(session).write_token(user)

        client = Client(bare, ["a=b"])
        yield stalls(client.get, log_in, partial(helper.verify_and_update, PASSWORD, secret))


async def _hello() -> Response:
    return Response(b"hello")


@asynccontextmanager
async def _tables(place: str, connections: int) -> AsyncIterator[_Sessions]:
    url = make_url(place)
    engine = create_async_engine(url.set(drivername=_DRIVERS[url.drivername]), pool_size=connections)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_Base.metadata.create_all)
        yield async_sessionmaker(engine, expire_on_commit=False)
    finally:
        await engine.dispose()


async def _admit(sessions: _Sessions, people: int) -> list[str]:
    """Have somebody for each number, who is logged in, and return the cookies."""
    users = await _register(sessions, people, "-")
    async with sessions() as session:
        return [f"{_COOKIE}={await _strategy(session).write_token(user)}" for user in users]


async def _register(sessions: _Sessions, people: int, secret: str) -> list[Any]:
    async with sessions() as session:
        users = SQLAlchemyUserDatabase(session, _User)
        return [await users.create({"email": _email(number), "hashed_password": secret}) for number in range(people)]


def _strategy(session: AsyncSession) -> Any:
    return DatabaseStrategy(SQLAlchemyAccessTokenDatabase(session, _AccessToken), lifetime_seconds=_HOUR)


def _email(number: int) -> str:
    return f"person-{number}@example.org"


def _current_user(sessions: _Sessions) -> Any:
    """Return the dependency that is the active user, built as its page about databases builds it."""

    async def get_session() -> AsyncIterator[AsyncSession]:
        async with sessions() as session:
            yield session

    async def get_user_db(session: AsyncSession = Depends(get_session)) -> AsyncIterator[Any]:
        yield SQLAlchemyUserDatabase(session, _User)

    async def get_access_token_db(session: AsyncSession = Depends(get_session)) -> AsyncIterator[Any]:
        yield SQLAlchemyAccessTokenDatabase(session, _AccessToken)

    async def get_user_manager(user_db: Any = Depends(get_user_db)) -> AsyncIterator[Any]:
        yield _UserManager(user_db)

    def get_strategy(database: Any = Depends(get_access_token_db)) -> Any:
        return DatabaseStrategy(database, lifetime_seconds=_HOUR)

    backend = AuthenticationBackend(
        name="database", transport=CookieTransport(_COOKIE, cookie_max_age=_HOUR), get_strategy=get_strategy
    )
    return FastAPIUsers[_User, uuid.UUID](get_user_manager, [backend]).current_user(active=True)
