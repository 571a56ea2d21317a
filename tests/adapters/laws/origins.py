"""Laws of requests from other sites: who may change something, and who may log somebody in."""

import pytest

from tests.adapters.laws.asserting import is_problem
from tests.adapters.laws.statuses import GOOD, POSTS
from tests.adapters.people import ADA, BOB, FOREIGN_ORIGIN, JSON, ORIGIN, OTHER_ORIGIN, PASSWORD, cookie

ANY_STORE = True

FOREIGN = {
    "foreign": [("origin", FOREIGN_ORIGIN)],
    "null": [("origin", "null")],
    "empty": [("origin", "")],
    "plain-http": [("origin", "http://app.example.org")],
    "other-port": [("origin", f"{ORIGIN}:8443")],
    "longer": [("origin", f"{ORIGIN}.evil.example.net")],
    "path": [("origin", f"{ORIGIN}/")],
    "subdomain": [("origin", "https://evil.app.example.org")],
    "upper-case": [("origin", ORIGIN.upper())],
    "two-origins": [("origin", ORIGIN), ("origin", FOREIGN_ORIGIN)],
    "foreign-beats-site": [("origin", FOREIGN_ORIGIN), ("sec-fetch-site", "same-origin")],
    "cross-site": [("sec-fetch-site", "cross-site")],
    "same-site": [("sec-fetch-site", "same-site")],
    "none": [("sec-fetch-site", "none")],
    "two-sites": [("sec-fetch-site", "same-origin"), ("sec-fetch-site", "same-origin")],
    "unknown-site": [("sec-fetch-site", "Same-Origin")],
    "referer-and-host": [("referer", f"{ORIGIN}/"), ("x-forwarded-host", "app.example.org"), cookie(session="any")],
    "any-cookie": [("cookie", "theme=dark")],
}
OURS = {
    "origin": [("origin", ORIGIN)],
    "another-origin-of-ours": [("origin", OTHER_ORIGIN), ("sec-fetch-site", "cross-site")],
    "same-origin": [("sec-fetch-site", "same-origin")],
    "neither-and-no-cookie": [],
}
BODY = b'{"identifier":"ada@example.org","password":"a loom that weaves algebra"}'


class Origins:
    """To be inherited by the contract."""

    @pytest.mark.parametrize("headers", FOREIGN.values(), ids=FOREIGN)
    async def test_request_from_elsewhere_is_refused(self, site, headers):
        """A page of another site logs nobody in, with or without cookies, and causes no read of the store."""
        await site.enrol()
        site.store.calls.clear()
        reply = await site.send("POST", "/auth/login", [JSON, *headers], BODY)
        is_problem(reply, 403, "cross_site_request")
        assert site.store.calls == []

    @pytest.mark.parametrize("headers", OURS.values(), ids=OURS)
    async def test_request_from_here_is_taken(self, site, headers):
        """Pages of our origins log people in, and so do programs that are no browser and have no cookie."""
        await site.enrol()
        assert (await site.send("POST", "/auth/login", [JSON, *headers], BODY)).status == 200

    @pytest.mark.parametrize("path", POSTS)
    async def test_every_change_is_checked(self, site, path):
        """Every endpoint that changes something refuses other sites, whatever else is wrong with the request."""
        sent = [cookie(session=await site.token()), ("origin", FOREIGN_ORIGIN)]
        for body, kind in ((b"", ()), (b"nonsense", ()), (b"{}", [JSON])):
            reply = await site.send("POST", path, [*kind, *sent], body)
            is_problem(reply, 403, "cross_site_request")
        is_problem(await site.send("POST", path, [JSON, sent[0]]), 403, "cross_site_request")

    async def test_login_forgery(self, site):
        """Nobody is logged in as somebody else by a page of another site: no cookie is set."""
        await site.enrol(BOB)
        mallory = site.browser(origin=FOREIGN_ORIGIN)
        reply = await mallory.post("/auth/login", {"identifier": BOB, "password": PASSWORD})
        is_problem(reply, 403, "cross_site_request")
        assert mallory.cookies == {}

    async def test_logout_by_link(self, site):
        """A link or an image logs nobody out: GET is refused, and the session lives."""
        ada = await site.member()
        is_problem(await ada.get("/auth/logout", ("sec-fetch-site", "cross-site")), 405, "method_not_allowed")
        assert (await ada.get("/auth/session")).status == 200

    async def test_logout_by_form(self, site):
        """A form of another site logs nobody out, and clears no cookie."""
        ada = await site.member()
        is_problem(await ada.post("/auth/logout", None, ("origin", FOREIGN_ORIGIN)), 403, "cross_site_request")
        assert (await ada.get("/auth/session")).status == 200

    async def test_reading_needs_no_origin(self, site):
        """Whoever follows a link from elsewhere is still logged in: reading changes nothing."""
        ada = await site.member()
        for said in ([], [("sec-fetch-site", "cross-site")], [("origin", FOREIGN_ORIGIN)]):
            assert (await ada.get("/auth/session", *said)).status == 200
            assert (await ada.get("/members", *said)).status == 200

    @pytest.mark.parametrize("headers", [*list(FOREIGN.values())[:5], []], ids=[*list(FOREIGN)[:5], "neither"])
    async def test_handlers_of_the_application_are_guarded_too(self, site, headers):
        """A POST that would use the session's cookie is refused before the application's handler runs."""
        token = await site.token()
        for path in ("/change", "/open", "/members", "/no-such-page"):
            reply = await site.send("POST", path, [cookie(session=token), *headers])
            is_problem(reply, 403, "cross_site_request")
        assert site.stage.ran == []

    async def test_handlers_without_the_cookie_are_not_our_business(self, site):
        """A POST that brings no session reaches the application from anywhere: it may be a public form."""
        for sent in ([("origin", FOREIGN_ORIGIN)], [("origin", FOREIGN_ORIGIN), ("cookie", "theme=dark")], []):
            assert (await site.send("POST", "/open", sent)).json() == {"who": "", "authenticated": False}

    async def test_handlers_take_what_comes_from_here(self, site):
        """A POST from a page of ours reaches the handler with its caller."""
        token = await site.token(ADA)
        reply = await site.send("POST", "/change", [cookie(session=token), ("origin", ORIGIN)])
        assert reply.json() == {"who": ADA, "authenticated": True}
        assert site.stage.ran == [ADA]

    async def test_good_paths_are_all_tried(self):
        """The tables of the laws name every endpoint that changes something."""
        assert set(GOOD) == set(POSTS)
