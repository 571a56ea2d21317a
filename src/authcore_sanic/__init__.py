"""authcore for Sanic's own server and its ASGI mode: one call sets it up, and guards stand before handlers."""

from importlib.util import find_spec

if find_spec("sanic") is None:
    raise ModuleNotFoundError('authcore_sanic needs Sanic: pip install "authcore[sanic]"', name="sanic")

from authcore_sanic.guards import (
    auth_of,
    caller_of,
    principal_of,
    requires_authentication,
    requires_captcha,
    requires_fresh,
    requires_permission,
    requires_role,
    requires_two_step,
)
from authcore_sanic.setup import setup

__all__ = [
    "auth_of",
    "caller_of",
    "principal_of",
    "requires_authentication",
    "requires_captcha",
    "requires_fresh",
    "requires_permission",
    "requires_role",
    "requires_two_step",
    "setup",
]
