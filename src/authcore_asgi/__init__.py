"""authcore for ASGI: one middleware for Starlette, FastAPI and all the others, and guards for their handlers."""

from authcore_asgi.guards import (
    admit,
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
from authcore_asgi.middleware import AuthMiddleware

__all__ = [
    "AuthMiddleware",
    "admit",
    "auth_of",
    "caller_of",
    "principal_of",
    "requires_authentication",
    "requires_captcha",
    "requires_fresh",
    "requires_permission",
    "requires_role",
    "requires_two_step",
]
