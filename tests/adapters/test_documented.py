"""The HTTP contract, for the adapter that docs/adapters.md shows, as it stands there."""

from contextlib import asynccontextmanager
from types import ModuleType

from authcore.web import Response
from tests.adapters import hosts, stores
from tests.adapters.apps import EXEMPT, RECALLED, guarded, table
from tests.adapters.contract import HttpContract
from tests.readme.blocks import ROOT, files

PLAIN = ModuleType("plain_asgi")
exec(files(ROOT / "docs" / "adapters.md")["plain_asgi.py"], vars(PLAIN))  # noqa: S102  the page's own code is tested


def _page(act, guard):
    async def page(request, visit):
        return Response(status=200, headers=[(b"content-type", b"application/json")], body=await act(visit.caller))

    return guarded(PLAIN, page, guard)


@asynccontextmanager
async def plain(auth, stage):
    """The sample application of every adapter, in the documented one."""
    pages = {path: _page(act, guard) for _, path, act, guard in table(stage)}
    app = PLAIN.PlainApp(auth, pages, exempt=EXEMPT, revocation_within=RECALLED)
    async with hosts.in_process(app) as host:
        yield host


class TestDocumented(HttpContract):
    """The adapter of the page keeps the contract."""

    adapter = staticmethod(plain)
    kinds = stores.KINDS[:1]  # the other ones are tried where the adapters that ship stand before them
