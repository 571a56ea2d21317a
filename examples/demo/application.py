"""What the demo is made of: its policy, its Auth, and what its pages share.  No page and no framework is known here."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

from authcore import Auth, Keyring, Policy
from authcore.offload import Background, on_event_loop
from authcore.ports import ClosableStore, Courier, Store
from authcore.web import Access
from examples.demo.courier import TerminalCourier
from examples.demo.guestbook import Guestbook

__all__ = ["PATIENCE", "UNGUARDED", "Demo", "build_auth", "url_of"]

UNGUARDED: Final = ("/static",)
"""Where nobody needs to be known: no cookie is looked at."""

PATIENCE: Final = 3
"""How many seconds a server waits, when it ends, for requests that have begun."""


def url_of(port: int) -> str:
    """Return where to open the demo: browsers keep Secure cookies over plain http for localhost only."""
    return f"http://localhost:{port}"


def build_auth(*, store: Store, keyring: Keyring, courier: Courier, port: int) -> Auth:
    """Return the demo's Auth, fit for an event loop."""
    policy = Policy(
        issuer="authcore-demo",
        audience="authcore-demo",
        own_words=("authcore", "demo"),
        origins=frozenset({url_of(port)}),
    )
    return on_event_loop(Auth(store=store, keyring=keyring, courier=courier, policy=policy))


@dataclass(frozen=True)
class Demo:
    """What every page may use, in one process; `since` is when the demo was started."""

    chosen: Auth
    store: ClosableStore
    courier: TerminalCourier
    guestbook: Guestbook
    since: datetime

    @cached_property
    def outbox(self) -> Background:
        """Sends letters beside the requests."""
        return Background(self.chosen)

    @property
    def auth(self) -> Auth:
        """The Auth to use: it wakes the outbox whenever a page has caused a letter."""
        return self.outbox.auth

    @cached_property
    def access(self) -> Access:
        """Reads credentials and checks origins, as the library's own endpoints do."""
        return Access(self.auth)

    async def close(self) -> None:
        """Finish what was begun, and let go of the database; on the event loop that has used it."""
        await self.outbox.close()
        await self.store.aclose()
