"""Laws of the cookies: how they are set, cleared and read.  What tokens they may hold is in `tokens`."""

import pytest

from authcore import CookieSettings, Policy
from tests.adapters.laws.asserting import CLEARED, is_json, is_problem, token_of
from tests.adapters.people import ADA, CHALLENGE, ORIGIN, PASSWORD, SESSION, bearer, cookie

ANY_STORE = True

LOGIN = {"identifier": ADA, "password": PASSWORD}
READING_SESSION = [
    ("GET", "/auth/session", None),
    ("POST", "/auth/logout", None),
    ("POST", "/auth/two-step", {"purpose": "pay"}),
    ("POST", "/auth/two-step/answer", {"purpose": "pay", "code": "000000"}),
    ("POST", "/auth/password", {"current_password": PASSWORD, "new_password": PASSWORD}),
    ("POST", "/auth/address", {"email": "someone@example.org", "current_password": PASSWORD}),
    ("POST", "/auth/address/answer", {"code": "000000"}),
    ("GET", "/open", None),
    ("GET", "/members", None),
    ("GET", "/no-such-page", None),
]
NAMES = [path for _, path, _ in READING_SESSION]


class Cookies:
    """To be inherited by the contract."""

    async def test_session_cookie_to_the_byte(self, site):
        """The session's cookie has the strictest attributes there are, and lives as long as the session."""
        await site.enrol()
        reply = await site.post("/auth/login", LOGIN)
        token = token_of(reply, SESSION)
        line = f"__Host-authcore={token}; Max-Age=2592000; Path=/; Secure; HttpOnly; SameSite=Lax"
        assert reply.all("set-cookie") == [line]
        assert len(line) < 1024

    async def test_challenge_cookie_to_the_byte(self, site):
        """The challenge's cookie has the same attributes, and lives as long as the code."""
        reply = await site.post("/auth/register", {"email": ADA, "password": PASSWORD})
        token = token_of(reply, CHALLENGE)
        line = f"__Host-authcore-two-step={token}; Max-Age=600; Path=/; Secure; HttpOnly; SameSite=Lax"
        assert reply.all("set-cookie") == [line]

    async def test_logout_clears_with_identical_attributes(self, site):
        """Logging out clears both cookies, each with the attributes that it was set with."""
        ada = await site.member()
        reply = await ada.post("/auth/logout")
        assert reply.all("set-cookie") == [f"{SESSION}=; {CLEARED}", f"{CHALLENGE}=; {CLEARED}"]
        assert (reply.status, reply.body, reply.one("cache-control")) == (204, b"", "no-store")
        assert reply.one("content-type") is None

    @pytest.mark.parametrize("held", ["nothing", "garbage"])
    async def test_logout_clears_whatever_is_there(self, site, held):
        """Logging out without a session, or with a token that is none, clears the cookies all the same."""
        sent = [] if held == "nothing" else [cookie(session="garbage")]
        reply = await site.post("/auth/logout", None, *sent)
        assert reply.status == 204
        assert reply.all("set-cookie") == [f"{SESSION}=; {CLEARED}", f"{CHALLENGE}=; {CLEARED}"]

    async def test_answered_challenge_is_cleared(self, site):
        """A challenge's cookie goes when its code was right, and stays when it was wrong."""
        ada = site.browser()
        await ada.post("/auth/register", {"email": ADA, "password": PASSWORD})
        code = await site.code(ADA)
        wrong = await ada.post("/auth/verify", {"code": "no code"})
        assert wrong.all("set-cookie") == []
        right = await ada.post("/auth/verify", {"code": code})
        assert right.all("set-cookie") == [f"{CHALLENGE}=; {CLEARED}"]

    async def test_settings_reach_both_ways(self, serve):
        """Other names and scopes of the cookies hold for setting, clearing and reading alike."""
        shared = CookieSettings(name="__Secure-sid", domain="example.org", path="/")
        site = await serve(policy=Policy(origins=frozenset({ORIGIN}), session_cookie=shared))
        await site.enrol()
        ada = site.browser()
        (line,) = (await ada.post("/auth/login", LOGIN)).all("set-cookie")
        scope = "Domain=example.org; Path=/; Secure; HttpOnly; SameSite=Lax"
        assert line == f"__Secure-sid={ada.cookies['__Secure-sid']}; Max-Age=2592000; {scope}"
        is_json(await ada.get("/auth/session"))
        token = ada.cookies["__Secure-sid"]
        assert (await ada.post("/auth/logout")).all("set-cookie")[0] == f"__Secure-sid=; Max-Age=0; {scope}"
        is_problem(await site.get("/auth/session", cookie(session=token)), 401, "not_authenticated")

    @pytest.mark.parametrize(("method", "path", "payload"), READING_SESSION, ids=NAMES)
    @pytest.mark.parametrize("headers", ["one", "two"])
    async def test_twice_the_session_cookie_is_refused(self, site, method, path, payload, headers):
        """Two cookies of the session's name are refused wherever one would count, and stay as they are."""
        token = await site.token()
        sent = [cookie(session=token), cookie(session="planted")]
        if headers == "one":
            sent = [("cookie", "; ".join(value for _, value in sent))]
        send = site.post if method == "POST" else site.get
        reply = await (send(path, payload, *sent) if method == "POST" else send(path, *sent))
        is_problem(reply, 400, "malformed_request", reason="duplicate_cookie")

    async def test_twice_the_challenge_cookie_is_refused(self, site):
        """Two cookies of the challenge's name are refused, and the code is not even looked at."""
        reply = await site.post("/auth/register", {"email": ADA, "password": PASSWORD})
        token, code = token_of(reply, CHALLENGE), await site.code(ADA)
        twice = [cookie(challenge=token), cookie(challenge=token)]
        reply = await site.post("/auth/verify", {"code": code}, *twice)
        is_problem(reply, 400, "malformed_request", reason="duplicate_cookie")
        is_json(await site.post("/auth/verify", {"code": code}, twice[0]))

    @pytest.mark.parametrize(("method", "path", "payload"), READING_SESSION, ids=NAMES)
    async def test_twice_an_authorization_header_is_refused(self, site, method, path, payload):
        """Two Authorization headers are refused wherever a session counts, even beside a good cookie."""
        sent = [cookie(session=await site.token()), bearer("one"), bearer("two")]
        reply = await (site.post(path, payload, *sent) if method == "POST" else site.get(path, *sent))
        is_problem(reply, 400, "malformed_request", reason="duplicate_authorization")

    @pytest.mark.parametrize(
        "pair",
        [
            "__Secure-__Host-authcore={}",
            "__Host-__Host-authcore={}",
            "__host-authcore={}",
            "__HOST-AUTHCORE={}",
            "authcore={}",
            "__Host-authcore ={}",
            '"__Host-authcore"={}',
            "__Host%2Dauthcore={}",
            "={}",
            "__Host-authcore{}",
            "x=__Host-authcore={}",
            "__Host-authcore-two-step={}",
        ],
    )
    async def test_other_names_are_other_cookies(self, site, pair):
        """A token under a name that only resembles ours authenticates nobody."""
        sent = ("cookie", pair.format(await site.token()))
        is_problem(await site.get("/auth/session", sent), 401, "not_authenticated")

    @pytest.mark.parametrize("pair", ['__Host-authcore="{}"', "__Host-authcore={},x", "__Host-authcore={} x"])
    async def test_impossible_octets_are_refused(self, site, pair):
        """A value that no server of ours ever set is a malformed request: nothing is unquoted or cut."""
        sent = ("cookie", pair.format(await site.token()))
        reply = await site.get("/auth/session", sent)
        is_problem(reply, 400, "malformed_request", reason="malformed_cookie")

    async def test_strange_neighbours_do_no_harm(self, site):
        """Whatever other cookies look like, ours is read."""
        token = await site.token()
        line = f'a; =; b="c; d=\t; e=é; __Host-x=1; {SESSION}={token}; f'.encode()
        is_json(await site.send("GET", "/auth/session", [("cookie", line)]))

    async def test_cookie_headers_are_read_as_one(self, site):
        """Cookies that come in several headers, as HTTP/2 allows, are all read."""
        sent = [("cookie", "a=1"), cookie(session=await site.token()), ("cookie", "b=2")]
        is_json(await site.send("GET", "/auth/session", sent))
