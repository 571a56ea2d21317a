"""Flask-Security on Flask, under WSGI, with its tables in Flask-SQLAlchemy."""

import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from flask import Flask, Response, session
from flask_security import (
    RoleMixin,
    Security,
    SQLAlchemyUserDatastore,
    UserMixin,
    auth_required,
    login_user,
    permissions_required,
)
from flask_security.models import fsqla_v3
from flask_sqlalchemy import SQLAlchemy

from benchmarks.measuring import Side
from benchmarks.peers.scenes import SIZES, asked_of, checking, grants_of, pages_of, permissions_of
from benchmarks.peers.wsgi import asked, environ_of

__all__ = ["checks", "requests"]


@asynccontextmanager
async def requests(place: str, people: int, roles: int, permissions: int) -> AsyncIterator[Mapping[str, Side]]:
    """Have people with roles in its tables, and ask their pages; each request in flight has a thread."""
    bare, guarded = Flask("bare"), Flask("guarded")
    bare.add_url_rule("/", view_func=_hello)
    database, datastore = _secured(guarded, place, people)
    guarded.add_url_rule("/me", "me", auth_required()(_hello))
    permitted = permissions_required(asked_of(roles, permissions))(_hello)
    guarded.add_url_rule("/permitted", "permitted", auth_required()(permitted))
    with guarded.app_context():
        database.create_all()
        _populate(datastore, people, roles, permissions)
    environ = await environ_of("/", "")
    cookies = [_log_in(guarded, datastore, number, environ) for number in range(people)]
    yield await asked(pages_of(bare, guarded), cookies)
    with guarded.app_context():
        database.engine.dispose()


@asynccontextmanager
async def checks() -> AsyncIterator[Mapping[str, Side]]:
    """Check a permission of users with one role, who need no table for that."""
    yield checking({size: _check(size) for size in SIZES})


class _Role(RoleMixin):
    def __init__(self, permissions: list[str]) -> None:
        self.permissions = permissions


class _User(UserMixin):
    def __init__(self, roles: list[_Role]) -> None:
        self.roles = roles


def _check(size: int) -> Callable[[str], bool]:
    check: Callable[[str], bool] = _User([_Role(grants_of(size))]).has_permission
    return check


def _hello() -> Response:
    return Response(b"hello")


def _secured(app: Flask, place: str, people: int) -> tuple[Any, Any]:
    """Set an application up as its quick start does, but that no connection is asked first whether it is there."""
    app.config["SECRET_KEY"] = secrets.token_urlsafe(32)
    app.config["SECURITY_PASSWORD_SALT"] = secrets.token_hex(16)
    app.config["SQLALCHEMY_DATABASE_URI"] = place.replace("postgresql:", "postgresql+psycopg:", 1)
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"pool_size": people}
    database = SQLAlchemy(app)
    fsqla_v3.FsModels.set_db_info(database)
    role = type("Role", (database.Model, fsqla_v3.FsRoleMixin), {})
    user = type("User", (database.Model, fsqla_v3.FsUserMixin), {})
    datastore = SQLAlchemyUserDatastore(database, user, role)
    Security(app, datastore)
    return database, datastore


def _populate(datastore: Any, people: int, roles: int, permissions: int) -> None:
    held = [
        datastore.find_or_create_role(f"role-{role}", permissions=permissions_of(role, permissions))
        for role in range(roles)
    ]
    for number in range(people):
        datastore.create_user(email=_email(number), roles=held)
    datastore.commit()


def _log_in(app: Flask, datastore: Any, number: int, environ: dict[str, Any]) -> str:
    """Return the cookie of somebody who has logged in from where the client asks."""
    with app.request_context(environ):
        login_user(datastore.find_user(email=_email(number)))
        response = Response()
        app.session_interface.save_session(app, session, response)
    return response.headers["Set-Cookie"].partition(";")[0]


def _email(number: int) -> str:
    return f"person-{number}@example.org"
