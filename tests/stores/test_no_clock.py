"""The clock of a server is nobody's business: it may be wrong by decades, and is never asked for the time."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from authcore import SystemEntropy
from authcore.entities import AuthenticationSession, SessionEnd
from authcore.errors import InvalidToken, SessionExpired
from authcore.opening import open_store
from authcore.ports import by_id
from authcore.testing import FakeClock, build_auth
from tests.flows.people import ADA, PASSWORD, QuickHasher, derive
from tests.stores.proxy import wired

ASKED = {
    "sql": rb"now\s*\(|current_time|current_date|localtime|timestamp\s*\(|sysdate|clock_|curtime|curdate|\binterval\b",
    "redis": rb"\b(time|p?expire(at)?|setex|psetex|p?ttl|exat|pxat|getex|object|idletime)\b",
}
"""What asks a server for the time, or has it do something after a while."""

KINDS = ("postgresql", "mariadb", "redis")


@pytest.fixture(params=KINDS)
def place(request):
    """What a server keeps for one store, and which words it is spoken to in."""
    return request.getfixturevalue(request.param), "redis" if request.param == "redis" else "sql"


@pytest.fixture
async def wire(place):
    """A wire to an empty store on a server; gives it, the store, and what must not pass."""
    kept, tongue = place
    await kept.emptied()
    async with wired(kept.url) as (wire, url):
        store = open_store(url)
        yield wire, store, ASKED[tongue]
        await store.aclose()


@pytest.mark.parametrize("then", [datetime(1999, 12, 31, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)])
async def test_a_life_depends_on_one_clock(wire, then):
    """Codes, sessions and what is kept live and end by the application's clock, whatever that of the server says."""
    wire, store, asked = wire
    clock = FakeClock(then)
    auth = build_auth(store=store, clock=clock, entropy=SystemEntropy(), hasher=QuickHasher())
    late = await auth.register(email=ADA, password=PASSWORD)
    clock.advance(auth.policy.challenge)
    with pytest.raises(SessionExpired):
        await auth.verify_account(challenge=late.token, code=derive(auth, late))
    challenge = await auth.register(email=ADA, password=PASSWORD)
    clock.advance(auth.policy.challenge - timedelta(microseconds=1))
    account = await auth.verify_account(challenge=challenge.token, code=derive(auth, challenge))
    session = await auth.log_in(identifier=ADA, password=PASSWORD)
    other = await auth.log_in(identifier=ADA, password=PASSWORD)
    clock.advance(auth.policy.inactivity - timedelta(microseconds=1))
    turned = (await auth.identify(session.token)).renewed
    clock.advance(timedelta(microseconds=1))
    with pytest.raises(InvalidToken):
        await auth.identify(other.token)
    assert (await auth.authenticate(turned.token)).account.id == account.id
    await auth.log_out(turned.token)
    ended = await store.get(by_id(AuthenticationSession, session.session.id))
    assert (ended.ended_as, ended.ended_at) == (SessionEnd.CLOSED, clock.now())
    clock.advance(auth.policy.retention + auth.policy.absolute)
    assert (await auth.purge()).total > 0
    assert await store.get(by_id(AuthenticationSession, session.session.id)) is None
    assert len(wire.said) > 10_000
    assert re.findall(asked, bytes(wire.said), re.IGNORECASE) == []
