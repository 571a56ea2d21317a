"""Sanic under ASGI, for whoever is measured on it."""

from typing import Any, TypeAlias

from sanic import HTTPResponse, Request, Sanic, raw

__all__ = ["application", "hello"]

_App: TypeAlias = Sanic[Any, Any]


def application(name: str) -> _App:
    """Return an application that says nothing by itself, and is not compiled anew: that is done once in a process."""
    app: _App = Sanic(name, configure_logging=False)
    app.config.AUTO_EXTEND = app.config.MOTD = app.config.ACCESS_LOG = app.config.TOUCHUP = False
    app.config.DEPRECATION_FILTER = "ignore"
    return app


async def hello(request: Request) -> HTTPResponse:  # noqa: ARG001  a handler is given its request
    """Answer, and nothing else."""
    return raw(b"hello")
