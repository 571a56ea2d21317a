"""The HTTP contract, for the ASGI middleware around Starlette, without a server."""

from tests.adapters import hosts
from tests.adapters.contract import HttpContract


class TestStarlette(HttpContract):
    """Starlette within the middleware keeps the contract."""

    adapter = staticmethod(hosts.starlette)
