"""Laws of pages where who was seen just now is let in unasked: which they are, and what never is."""

from datetime import timedelta

import pytest

from authcore import Policy
from tests.adapters.apps import RECALLED
from tests.adapters.laws.asserting import is_problem
from tests.adapters.people import ORIGIN, cookie

ANY_STORE = True
BOUND = RECALLED["/recalled"]
TICK = timedelta(microseconds=1)


async def _known(site, path):
    """Be seen at a page; return the cookie, after which nothing is counted yet."""
    presented = cookie(session=await site.token())
    assert (await site.get(path, presented)).json()["authenticated"]
    site.store.calls.clear()
    return presented


async def _end_elsewhere(site):
    """Have another process end all sessions of the one account that there is."""
    account = await site.auth.find_account("ada@example.org")
    await site.alter(account, epoch=99)
    site.store.calls.clear()


class Recalled:
    """To be inherited by the contract."""

    @pytest.mark.parametrize("path", ["/recalled", "/recalled/below"])
    async def test_recalled_page_reads_nothing_within_its_bound(self, site, path):
        """At a page with a bound, and below it, who was seen within it costs no read; after it, one."""
        presented = await _known(site, path)
        site.clock.advance(BOUND - TICK)
        assert (await site.get(path, presented)).json()["authenticated"]
        assert site.store.calls == []
        site.clock.advance(TICK)
        assert (await site.get(path, presented)).json()["authenticated"]
        assert site.store.calls == ["caller"]

    @pytest.mark.parametrize("path", ["/open", "/recalled/never", "/auth/session"])
    async def test_other_pages_read_each_time(self, site, path):
        """Any other page asks the store each time, and so does one with a bound of zero below one with a longer one."""
        presented = await _known(site, "/recalled")
        await _end_elsewhere(site)
        reply = await site.get(path, presented)
        assert site.store.calls == ["caller"]
        assert reply.status == 401 or not reply.json()["authenticated"]

    async def test_recalled_page_sees_an_end_within_its_bound(self, site):
        """What another process has ended is over at the bound, and at once where it was seen at another page."""
        presented = await _known(site, "/recalled")
        await _end_elsewhere(site)
        assert (await site.get("/recalled", presented)).json()["authenticated"]
        await site.get("/open", presented)
        assert not (await site.get("/recalled", presented)).json()["authenticated"]

    async def test_logging_out_is_seen_at_once(self, site):
        """Who has logged out here is known no more, at any page."""
        presented = await _known(site, "/recalled")
        assert (await site.post("/auth/logout", None, presented)).status == 204
        assert not (await site.get("/recalled", presented)).json()["authenticated"]

    async def test_fresh_logins_are_looked_up(self, site):
        """Where a fresh login is asked for the store is asked as well, whatever the bound of the page."""
        presented = await _known(site, "/recalled")
        assert (await site.get("/recalled/sensitive", presented)).json()["authenticated"]
        assert site.store.calls == ["caller"]
        await _end_elsewhere(site)
        is_problem(await site.get("/recalled/sensitive", presented), 401, "invalid_token")

    async def test_policy_may_accept_it_everywhere(self, serve):
        """By the policy's bound every page may, but those that have one of their own."""
        site = await serve(policy=Policy(revocation_within=BOUND, origins=frozenset({ORIGIN})))
        presented = await _known(site, "/open")
        for path, calls in (("/open", []), ("/auth/session", []), ("/recalled/never", ["caller"])):
            assert (await site.get(path, presented)).status == 200
            assert site.store.calls == calls
