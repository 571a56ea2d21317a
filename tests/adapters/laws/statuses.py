"""Laws of statuses and headers that hold for every endpoint: methods, credentials, caches."""

import pytest

from authcore.web import ENDPOINTS, openapi_document
from tests.adapters.laws.asserting import REALM, is_json, is_problem
from tests.adapters.people import ADA, OTHER_PASSWORD, PASSWORD, SESSION, cookie

ANY_STORE = True

POSTS = [f"/auth{row.path}" for row in ENDPOINTS if row.method == "POST"]
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
GOOD = {
    "/auth/register": {"email": "someone@example.org", "password": PASSWORD},
    "/auth/verification": None,
    "/auth/verify": {"code": "000000"},
    "/auth/login": {"identifier": ADA, "password": PASSWORD},
    "/auth/logout": None,
    "/auth/refresh": None,
    "/auth/reauthenticate": {"current_password": PASSWORD},
    "/auth/sessions/revoke": {"session": "0" * 32},
    "/auth/sessions/revoke-others": None,
    "/auth/second-factor": None,
    "/auth/second-factor/answer": {"code": "000000"},
    "/auth/second-factor/on": {"current_password": PASSWORD},
    "/auth/second-factor/off": {"current_password": PASSWORD},
    "/auth/resend": None,
    "/auth/two-step": {"purpose": "pay"},
    "/auth/two-step/answer": {"purpose": "pay", "code": "000000"},
    "/auth/recovery": {"identifier": ADA},
    "/auth/recovery/answer": {"code": "000000", "new_password": OTHER_PASSWORD},
    "/auth/captcha": None,
    "/auth/password": {"current_password": PASSWORD, "new_password": OTHER_PASSWORD},
    "/auth/address": {"email": "someone@example.org", "current_password": PASSWORD},
    "/auth/address/answer": {"code": "000000"},
}
NEEDING_SESSION = [f"/auth{row.path}" for row in ENDPOINTS if row.method == "POST" and (row.session or row.pending)]


class Statuses:
    """To be inherited by the contract."""

    @pytest.mark.parametrize("row", ENDPOINTS, ids=lambda row: row.path)
    async def test_other_methods_are_refused(self, site, row):
        """A method that an endpoint does not take is a 405 that names the one it takes, and does nothing."""
        token = await site.token()
        for method in METHODS:
            if method != row.method:
                reply = await site.send(method, f"/auth{row.path}", [cookie(session=token)])
                assert (reply.status, reply.one("allow"), reply.one("cache-control")) == (405, row.method, "no-store")
                if method != "HEAD":
                    is_problem(reply, 405, "method_not_allowed")
        assert (await site.get("/auth/session", cookie(session=token))).status == 200

    @pytest.mark.parametrize("suffix", ["/", "//", "/x", ".json"])
    async def test_paths_are_exact(self, site, suffix):
        """What only resembles an endpoint's path is no endpoint: the application answers."""
        reply = await site.post(f"/auth/login{suffix}", {})
        assert reply.status == 404
        assert reply.one("content-type") != "application/problem+json"

    async def test_query_changes_nothing(self, site):
        """A token in the query authenticates nobody."""
        token = await site.token()
        reply = await site.get(f"/auth/session?token={token}&{SESSION}={token}&access_token={token}")
        is_problem(reply, 401, "not_authenticated")

    @pytest.mark.parametrize("path", [*NEEDING_SESSION, "/auth/session", "/members"])
    async def test_nobody_is_asked_to_log_in(self, site, path):
        """Without a credential the answer is a 401 that names the scheme, and no error."""
        reply = await (site.post(path, GOOD[path]) if path in GOOD else site.get(path))
        is_problem(reply, 401, "not_authenticated")
        assert reply.one("www-authenticate") == REALM

    @pytest.mark.parametrize("path", [*NEEDING_SESSION, "/auth/session", "/members"])
    async def test_bad_token_is_named(self, site, path):
        """With a token that does not count, the 401 says so."""
        sent = cookie(session="garbage")
        reply = await (site.post(path, GOOD[path], sent) if path in GOOD else site.get(path, sent))
        is_problem(reply, 401, "invalid_token")
        assert reply.one("www-authenticate") == f'{REALM}, error="invalid_token"'

    async def test_wrong_password_names_no_error(self, site):
        """A wrong password is a 401 with the scheme and no error: no token was sent."""
        reply = await site.post("/auth/login", GOOD["/auth/login"])
        is_problem(reply, 401, "invalid_credentials")
        assert reply.one("www-authenticate") == REALM

    @pytest.mark.parametrize("path", POSTS)
    async def test_nothing_is_ever_cached(self, site, path):
        """Every answer of every endpoint, good or bad, forbids caching."""
        token = await site.token()
        cookies = [cookie(session=token, challenge="garbage")]
        replies = [
            await site.post(path, GOOD[path]),
            await site.post(path, {"unknown": 1}),
            await site.post(path, GOOD[path], ("origin", "null")),
            await site.send("POST", path),
            await site.post(path, GOOD[path], *cookies),
        ]
        assert [reply.all("cache-control") for reply in replies] == [["no-store"]] * len(replies)
        assert {reply.status for reply in replies} & {200, 201, 202, 204, 401, 410, 422}

    async def test_document_is_there_for_everybody(self, site):
        """The OpenAPI document is shown to whoever asks, whatever they present, and costs no read of the store."""
        for sent in ([], [cookie(session="garbage")], [("origin", "null")]):
            assert is_json(await site.get("/auth/openapi.json", *sent)) == openapi_document(site.auth.policy)
        assert site.store.calls == []

    async def test_head_has_no_body(self, site):
        """HEAD on an endpoint is a 405 without a body, and the connection stays usable."""
        for _ in range(2):
            reply = await site.send("HEAD", "/auth/session")
            assert (reply.status, reply.body) == (405, b"")
