"""An application for Sanic's own server with several workers: each worker makes its own, over one file."""

import os

from sanic import Sanic, json

from authcore import Auth, FirstAdministrator, Keyring, Policy
from authcore.hashing import Argon2Hasher
from authcore.testing import Mailbox
from authcore_sanic import auth_of, principal_of, requires_authentication, requires_captcha, setup
from authcore_sqlalchemy import SqliteStore
from tests.adapters.people import ADA, ORIGIN, PASSWORD

FIRST = FirstAdministrator(email=ADA, password=PASSWORD)


def create_app():
    """Return the application of one worker."""
    app = Sanic("workers", configure_logging=False)
    app.config.AUTO_EXTEND = False
    auth = Auth(
        store=SqliteStore(os.environ["DATABASE"]),
        keyring=Keyring.from_env(),
        courier=Mailbox(),
        policy=Policy(origins=frozenset({ORIGIN})),
        hasher=Argon2Hasher.cheapest(),
    )
    setup(app, auth)

    @app.before_server_start
    async def begin(app):
        await auth.create_first_administrator(FIRST)

    @app.post("/posting")
    @requires_captcha
    async def posting(request):
        return json({"process": os.getpid()})

    @app.get("/worker")
    @requires_authentication
    async def worker(request):
        principal = principal_of(request)
        assert auth_of(request) is not auth
        return json({"process": os.getpid(), "who": principal.account.email, "roles": list(principal.roles)})

    return app
