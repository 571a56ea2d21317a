"""Laws of `Policy.bearer`: tokens travel in bodies and in the Authorization header, and no cookie is set or read."""

from dataclasses import replace

import pytest

from authcore.web import ENDPOINTS
from tests.adapters.laws.asserting import REALM, is_json, is_problem
from tests.adapters.people import ADA, EVE, FOREIGN_ORIGIN, OTHER_PASSWORD, PASSWORD, bearer, cookie
from tests.adapters.sites import POLICY

ANY_STORE = True

LOGIN = {"identifier": ADA, "password": PASSWORD}


class BearerTokens:
    """To be inherited by the contract."""

    @pytest.fixture
    async def bearer_site(self, serve):
        """A site whose clients are no browsers."""
        return await serve(policy=replace(POLICY, bearer=True))

    async def test_whole_journey_without_cookies(self, bearer_site):
        """The whole journey works with tokens alone, and no answer sets a cookie."""
        site, replies = bearer_site, []

        async def post(path, payload=None, *headers, status=200):
            replies.append(await site.post(path, payload, *headers))
            return is_json(replies[-1], status)

        asked = await post("/auth/register", {"email": ADA, "password": PASSWORD}, status=202)
        asked = await post("/auth/verification", {"challenge": asked["challenge"]}, status=202)
        code = await site.code(ADA)
        await post("/auth/verify", {"code": code, "challenge": asked["challenge"]})
        token = (await post("/auth/login", LOGIN))["token"]
        asked = await post("/auth/two-step", {"purpose": "pay"}, bearer(token), status=202)
        answer = {"purpose": "pay", "code": await site.code(ADA), "challenge": asked["challenge"]}
        await post("/auth/two-step/answer", answer, bearer(token))
        change = {"current_password": PASSWORD, "new_password": OTHER_PASSWORD}
        newer = (await post("/auth/password", change, bearer(token)))["token"]
        is_problem(await site.get("/auth/session", bearer(token)), 401, "invalid_token")
        assert is_json(await site.get("/auth/session", bearer(newer)))["account"]["email"] == ADA
        assert (await site.get("/members", bearer(newer))).json()["who"] == ADA
        replies.append(await site.post("/auth/logout", None, bearer(newer)))
        assert replies[-1].status == 204
        replies.append(await site.get("/auth/session", bearer(newer)))
        is_problem(replies[-1], 401, "invalid_token")
        assert [reply.all("set-cookie") for reply in replies] == [[]] * len(replies)

    async def test_cookie_is_not_read(self, bearer_site):
        """A good token in a cookie authenticates nobody, and twice of them harms nobody."""
        token = await bearer_site.token()
        for sent in ([cookie(session=token)], [cookie(session=token), cookie(session="other")]):
            is_problem(await bearer_site.get("/auth/session", *sent), 401, "not_authenticated")
            assert is_json(await bearer_site.get("/auth/session", bearer(token), *sent))["account"]["email"] == ADA

    async def test_header_is_not_read_by_default(self, site):
        """Where tokens travel in cookies, one in the Authorization header authenticates nobody."""
        is_problem(await site.get("/auth/session", bearer(await site.token())), 401, "not_authenticated")

    @pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer ", "Bearer   "])
    async def test_scheme_is_read_in_any_case(self, bearer_site, scheme):
        """The scheme's case does not count, nor how many spaces follow it."""
        sent = ("authorization", f"{scheme} {await bearer_site.token()}")
        assert (await bearer_site.get("/auth/session", sent)).status == 200

    @pytest.mark.parametrize("form", ["{}", "xBearer {}", "Token {}", "Bearerx {}", "Digest Bearer {}"])
    async def test_other_schemes_authenticate_nobody(self, bearer_site, form):
        """A token behind another scheme, or behind none, authenticates nobody."""
        reply = await bearer_site.get("/auth/session", ("authorization", form.format(await bearer_site.token())))
        assert reply.status in {400, 401}

    @pytest.mark.parametrize("value", ["Bearer", "Bearer a b", "Bearer a,b", "Bearer é", "Bearer =", "Bear/er x"])
    async def test_malformed_header(self, bearer_site, value):
        """A header that is none is a 400, on every path alike."""
        for path in ("/auth/session", "/members", "/open"):
            reply = await bearer_site.get(path, ("authorization", value))
            is_problem(reply, 400, "malformed_request", reason="malformed_authorization")

    async def test_twice_the_header_is_refused(self, bearer_site):
        """Two Authorization headers are refused, even if they are equal."""
        sent = bearer(await bearer_site.token())
        for path in ("/auth/session", "/members", "/open"):
            reply = await bearer_site.get(path, sent, sent)
            is_problem(reply, 400, "malformed_request", reason="duplicate_authorization")

    async def test_bad_tokens_are_refused_alike(self, bearer_site):
        """Garbage, an ended session and a challenge's token get one answer, to the byte."""
        site = bearer_site
        ended = await site.token()
        await site.auth.log_out(ended)
        challenge, _ = await site.challenge(EVE)
        replies = [await site.get("/auth/session", bearer(token)) for token in ("x", ended, challenge, "A" * 4000)]
        is_problem(replies[0], 401, "invalid_token")
        assert replies[0].one("www-authenticate") == f'{REALM}, error="invalid_token"'
        assert [reply.own for reply in replies] == [replies[0].own] * 4

    async def test_challenge_is_a_field(self, bearer_site):
        """The challenge is a field like any other: needed, text, and not too long."""
        for given, reason in (({}, "missing"), ({"challenge": 1}, "not_text"), ({"challenge": "a" * 1537}, "too_long")):
            for row in (row for row in ENDPOINTS if row.challenge):
                # Without a session: what a request lacks in itself is told before anybody is looked for.
                others = {field.name: "000000" for field in row.fields}
                reply = await bearer_site.post(f"/auth{row.path}", {**others, **given})
                is_problem(reply, 422, "invalid_input", field="challenge", reason=reason)
        reply = await bearer_site.post("/auth/verify", {"code": "000000", "challenge": "garbage"})
        is_problem(reply, 401, "invalid_token")

    async def test_challenge_is_no_field_by_default(self, site):
        """Where it travels in a cookie, a challenge in the body is an unknown field."""
        reply = await site.post("/auth/verify", {"code": "000000", "challenge": "garbage"})
        is_problem(reply, 422, "invalid_input", field="challenge", reason="unknown")

    async def test_programs_send_no_origin(self, bearer_site):
        """A program needs no Origin, whatever cookies it has; a page of another site is refused all the same."""
        site = bearer_site
        token = await site.token()
        assert (await site.send("POST", "/change", [bearer(token), ("cookie", "theme=dark")])).status == 200
        assert (await site.send("POST", "/auth/logout", [bearer(token), ("cookie", "theme=dark")])).status == 204
        reply = await site.send("POST", "/auth/logout", [bearer(token), ("origin", FOREIGN_ORIGIN)])
        is_problem(reply, 403, "cross_site_request")
