"""What is run in a process of its own, because it is sanic-security: making a database, and listing its names.

`python ancestor.py make URL` fills the database by its own functions; `python ancestor.py names` prints what there is.
"""

import ast
import asyncio
import importlib
import inspect
import json
import pkgutil
import sys
from urllib.parse import urlencode

import sanic_security
from argon2 import PasswordHasher
from sanic import Sanic
from sanic.compat import Header
from sanic.request import Request
from sanic_security.authentication import register
from sanic_security.authorization import assign_role
from sanic_security.configuration import DEFAULT_CONFIG
from sanic_security.models import Account, AuthenticationSession, BaseModel, Role, TwoStepSession
from tortoise import Tortoise

PASSWORD = "Password1!"
OLDER = PasswordHasher(time_cost=2, memory_cost=102400, parallelism=8, hash_len=16)
"""The parameters that argon2-cffi had before version 21.2."""

# --- making a database ------------------------------------------------------------------------------------------------


def _request(app, **form):
    request = Request(b"/", Header({"content-type": "application/x-www-form-urlencoded"}), "1.1", "POST", None, app)
    request.body = urlencode(form).encode()
    return request


async def make(url):
    """Make a database with people in every state."""
    await Tortoise.init(db_url=url, modules={"models": ["sanic_security.models"]})
    try:
        await Tortoise.generate_schemas()
        await _fill(Sanic("old"))
    finally:
        await Tortoise.close_connections()


async def _fill(app):

    async def join(name, *, email=None, phone=None, **state):
        email = email or f"{name}@example.org"
        form = {"email": email, "username": name, "password": PASSWORD} | ({"phone": phone} if phone else {})
        return await register(_request(app, **form), **{"verified": True} | state)

    ada = await join("ada", email="Ada@Example.ORG", phone="+1 555 123 4567")
    await assign_role("Clerk", ada, "Files files", "file:read,write", "voice:*")
    await assign_role("Root", ada, None, "*:*")
    bob = await join("bob")
    await assign_role("Clerk", bob)
    await bob.disable()
    await join("eve", verified=False)
    dan = await join("dan")
    dan.deleted = True
    await dan.save(update_fields=["deleted"])
    hal = await join("hal")
    await Account.filter(id=hal.id).update(email="Hal@Example.org", password=OLDER.hash(PASSWORD))
    await join("ivy", phone="5551234568")
    await join("kim possible", email="kim@example.org")
    await Account.create(
        email="gil@example.org", username="gil", password="", oauth_id="1815", verified=True
    )  # as its OAuth flow does
    await Role.create(name="Idle")
    await Role.create(name="Gone", permissions=["a"], deleted=True)
    await AuthenticationSession.new(_request(app), ada)
    await TwoStepSession.new(_request(app), ada, tag="2fa")


# --- listing its names ------------------------------------------------------------------------------------------------


def names():
    """Every public name: of each model its fields, properties and methods, then functions, settings and errors."""
    found = {"models": {}, "functions": [], "settings": sorted(DEFAULT_CONFIG), "errors": []}
    for info in pkgutil.iter_modules(sanic_security.__path__, "sanic_security."):
        if info.ispkg:
            continue
        module = importlib.import_module(info.name)
        for name in _defined(module):
            each = getattr(module, name)
            if inspect.isclass(each) and issubclass(each, BaseModel):
                found["models"][name] = sorted(_members(each))
            elif inspect.isclass(each) and issubclass(each, Exception):
                found["errors"].append(name)
            else:
                found["functions"].append(name)
    return found


def _defined(module):
    """What a module itself gives a public name to; what it imports is somebody else's."""
    for node in ast.parse(inspect.getsource(module)).body:
        targets = getattr(node, "targets", [getattr(node, "target", node)])
        names = [getattr(target, "id", getattr(target, "name", "_")) for target in targets]
        yield from (name for name in names if not name.startswith("_"))


def _members(model):
    """The fields, properties and methods that a model has, and none of its bases."""
    inherited = {name for base in model.__mro__[1:] if issubclass(base, BaseModel) for name in base._meta.fields_map}  # noqa: SLF001  its only list
    own = set(model._meta.fields_map) - inherited  # noqa: SLF001  as above
    return own | {name for name in vars(model) if not name.startswith("_") and name != "Meta"} - inherited


if __name__ == "__main__":
    if sys.argv[1:] == ["names"]:
        print(json.dumps(names()))  # noqa: T201  its answer
    else:
        asyncio.run(make(sys.argv[2]))
