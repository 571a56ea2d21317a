"""The HTTP contract, for the ASGI middleware behind uvicorn, on a socket."""

from tests.adapters import hosts, stores
from tests.adapters.contract import HttpContract


class TestUvicorn(HttpContract):
    """Starlette behind uvicorn keeps the contract."""

    adapter = staticmethod(hosts.starlette_behind_uvicorn)
    kinds = stores.KINDS[:1]  # the other ones are tried where the same adapter has another host
