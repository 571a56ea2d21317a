"""Django's own authentication, by its sessions in a database, under ASGI."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.management import call_command
from django.db import connections
from django.http import HttpRequest, HttpResponse

from benchmarks.measuring import Side
from benchmarks.peers.django_asgi import configure, served
from benchmarks.peers.scenes import SIZES, asked, asked_of, checking, grants_of, pages_of, permissions_of

__all__ = ["checks", "requests"]

_MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]


@asynccontextmanager
async def requests(place: str, people: int, roles: int, permissions: int) -> AsyncIterator[Mapping[str, Side]]:
    """Have people in groups in its tables, and ask their pages."""
    _configure(place, people)
    from django.contrib.auth.decorators import login_required, permission_required

    async def hello(request: HttpRequest) -> HttpResponse:  # noqa: ARG001  a handler is given its request
        return HttpResponse(b"hello")

    permitted = permission_required(_perm(asked_of(roles, permissions)), raise_exception=True)
    cookies = await asyncio.to_thread(_populate, people, roles, permissions)
    views = {"": hello, "me": login_required(hello), "permitted": permitted(hello)}
    yield await asked(pages_of(*served(views, middleware=_MIDDLEWARE)), cookies)


@asynccontextmanager
async def checks() -> AsyncIterator[Mapping[str, Side]]:
    """Check a permission of users who have been asked for one before, so that theirs are kept with them."""
    with tempfile.TemporaryDirectory() as folder:
        _configure(f"sqlite:///{Path(folder) / 'checks.db'}", 1)
        yield checking(await asyncio.to_thread(_checks), named=_perm)


def _configure(place: str, people: int) -> None:
    """Choose where its tables are, and, as its page about ASGI asks for, a pool instead of kept connections."""
    url = urlsplit(place)
    if url.scheme == "sqlite":
        database: dict[str, object] = {"ENGINE": "django.db.backends.sqlite3", "NAME": url.path[1:]}
    else:
        database = {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": url.path[1:],
            "HOST": url.hostname,
            "PORT": url.port,
            "USER": url.username,
            "PASSWORD": url.password or "",
            "OPTIONS": {"pool": {"min_size": people, "max_size": people}},
        }
    apps = [f"django.contrib.{name}" for name in ("contenttypes", "auth", "sessions")]
    configure(DATABASES={"default": database}, INSTALLED_APPS=apps)


def _perm(permission: str) -> str:
    """Return how it names a permission, of which it knows an application's name and a code."""
    return f"auth.{permission}"


def _populate(people: int, roles: int, permissions: int) -> list[str]:
    """Have somebody for each number, who is logged in, and return the cookies."""
    from django.contrib.auth import login
    from django.contrib.auth.models import User
    from django.contrib.sessions.backends.db import SessionStore

    call_command("migrate", verbosity=0)
    groups = [_group(f"role-{role}", permissions_of(role, permissions)) for role in range(roles)]
    cookies = []
    for number in range(people):
        user = User.objects.create_user(f"person-{number}")
        user.groups.add(*groups)
        request = HttpRequest()
        request.session = SessionStore()
        login(request, user)
        request.session.save()
        cookies.append(f"sessionid={request.session.session_key}")
    connections.close_all()
    return cookies


def _checks() -> Mapping[int, Callable[[str], bool]]:
    """Have somebody for each size, in a group with so many permissions, and return how each is asked."""
    from django.contrib.auth.models import User

    call_command("migrate", verbosity=0)
    asked = {}
    for size in SIZES:
        user = User.objects.create_user(f"person-{size}")
        user.groups.add(_group(f"role-{size}", grants_of(size)))
        user.has_perm("")  # from now on its permissions are kept with it
        asked[size] = user.has_perm
    connections.close_all()
    return asked


def _group(name: str, codes: Sequence[str]) -> Any:
    """Return a group with these permissions, which are made if there are none of these codes yet."""
    from django.contrib.auth.models import Group, Permission, User
    from django.contrib.contenttypes.models import ContentType

    kind, group = ContentType.objects.get_for_model(User), Group.objects.create(name=name)
    found = set(Permission.objects.filter(codename__in=codes).values_list("codename", flat=True))
    made = [Permission(name=code, codename=code, content_type=kind) for code in codes if code not in found]
    Permission.objects.bulk_create(made)
    group.permissions.set(Permission.objects.filter(codename__in=codes))
    return group
