"""FastAPI Users on FastAPI: tokens in a database, carried by a cookie, with its tables in SQLAlchemy."""

import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Depends, FastAPI, Response
from fastapi_users import BaseUserManager, FastAPIUsers, UUIDIDMixin
from fastapi_users.authentication import AuthenticationBackend, CookieTransport
from fastapi_users.authentication.strategy.db import DatabaseStrategy
from fastapi_users.db import SQLAlchemyBaseUserTableUUID, SQLAlchemyUserDatabase
from fastapi_users_db_sqlalchemy.access_token import SQLAlchemyAccessTokenDatabase, SQLAlchemyBaseAccessTokenTableUUID
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from benchmarks.measuring import Side
from benchmarks.peers.scenes import asked

__all__ = ["requests"]

_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
_COOKIE = "fastapiusersauth"
_HOUR = 3600


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
    url = make_url(place)
    engine = create_async_engine(url.set(drivername=_DRIVERS[url.drivername]), pool_size=people)
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    try:
        cookies = await _admit(engine, sessions, people)
        bare, guarded = FastAPI(), FastAPI()
        bare.add_api_route("/", _hello)
        guarded.add_api_route("/me", _hello, dependencies=[Depends(_current_user(sessions))])
        yield await asked({"bare": (bare, "/"), "authenticated": (guarded, "/me")}, cookies)
    finally:
        await engine.dispose()


async def _hello() -> Response:
    return Response(b"hello")


async def _admit(engine: AsyncEngine, sessions: async_sessionmaker[AsyncSession], people: int) -> list[str]:
    """Have somebody for each number, who is logged in, and return the cookies."""
    async with engine.begin() as connection:
        await connection.run_sync(_Base.metadata.create_all)
    cookies = []
    async with sessions() as session:
        for number in range(people):
            user = await SQLAlchemyUserDatabase(session, _User).create(
                {"email": f"person-{number}@example.org", "hashed_password": "-"}
            )
            database = SQLAlchemyAccessTokenDatabase(session, _AccessToken)
            cookies.append(f"{_COOKIE}={await DatabaseStrategy(database, _HOUR).write_token(user)}")
    return cookies


def _current_user(sessions: async_sessionmaker[AsyncSession]) -> Any:
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
