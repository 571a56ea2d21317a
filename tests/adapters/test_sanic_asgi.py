"""The HTTP contract, for Sanic in its ASGI mode, without a server."""

from tests.adapters import hosts, stores
from tests.adapters.contract import HttpContract


class TestSanicAsAsgi(HttpContract):
    """Sanic in its ASGI mode keeps the contract."""

    adapter = staticmethod(hosts.sanic_as_asgi)
    kinds = stores.KINDS[:1]  # the other ones are tried where the same adapter has another host
