"""Laws of the application's own handlers: who reaches them, what they are told, what becomes of their failures."""

from datetime import timedelta

import pytest

from tests.adapters.apps import SECRET
from tests.adapters.laws.asserting import REALM, is_problem
from tests.adapters.people import ADA, FROM_HERE, PASSWORD, SESSION, cookie

ANY_STORE = True
TICK = timedelta(microseconds=1)

NOBODY = {"who": "", "authenticated": False}


async def _granted(site, *permissions):
    """Return the cookie of somebody with these permissions."""
    token = await site.token()
    account = await site.auth.find_account(ADA)
    for number, permission in enumerate(permissions):
        await site.auth.assign_role(account_id=account.id, role=f"role{number}", permissions=[permission])
    return cookie(session=token)


class Guards:
    """To be inherited by the contract."""

    async def test_open_page(self, site):
        """An open page is told who is there: somebody, or nobody."""
        token = await site.token(username="ada")
        assert (await site.get("/open")).json() == NOBODY
        assert (await site.get("/open", cookie(session=token))).json() == {"who": "ada", "authenticated": True}

    @pytest.mark.parametrize("token", ["", "garbage", "A" * 4000])
    async def test_open_page_minds_no_bad_cookie(self, site, token):
        """With a token that does not count an open page works, for nobody, and so does a page that is not there."""
        reply = await site.get("/open", cookie(session=token))
        assert (reply.status, reply.json()) == (200, NOBODY)
        assert (await site.get("/no-such-page", cookie(session=token))).status == 404

    async def test_guarded_page(self, site):
        """A guarded page is for those who logged in."""
        token = await site.token(username="ada")
        assert (await site.get("/members", cookie(session=token))).json()["who"] == "ada"
        is_problem(await site.get("/members"), 401, "not_authenticated")
        assert site.stage.ran == ["ada"]

    @pytest.mark.parametrize(
        ("permissions", "reaches"),
        [
            ([], set()),
            (["invoices:read"], {"/any"}),
            (["invoices:write"], {"/any"}),
            (["invoices:read", "invoices:write"], {"/any", "/all"}),
            (["invoices:read,write"], {"/any", "/all"}),
            (["invoices"], {"/any", "/all"}),
            (["*"], {"/any", "/all"}),
            (["*:write"], {"/any"}),
            (["invoices:read:7"], set()),
            (["Invoices"], set()),
            (["invoice"], set()),
        ],
        ids=lambda value: ".".join(value) if isinstance(value, list) else "",
    )
    async def test_permissions(self, site, permissions, reaches):
        """A page that asks for permissions is for those whose grants imply all, or any, of them."""
        sent = await _granted(site, *permissions)
        for path in ("/any", "/all"):
            reply = await site.get(path, sent)
            if path in reaches:
                assert reply.json()["who"] == ADA
            else:
                is_problem(reply, 403, "permission_denied")
                assert reply.one("www-authenticate") == f'{REALM}, error="insufficient_scope"'
            is_problem(await site.get(path), 401, "not_authenticated")
        assert len(site.stage.ran) == len(reaches)

    async def test_withdrawn_role_counts_no_more(self, site):
        """A permission that was taken away is missing from the next request on."""
        sent = await _granted(site, "invoices:read")
        assert (await site.get("/any", sent)).status == 200
        account = await site.auth.find_account(ADA)
        await site.auth.withdraw_role(account_id=account.id, role="role0")
        is_problem(await site.get("/any", sent), 403, "permission_denied")

    async def test_logged_out_counts_no_more(self, site):
        """A session that was closed is refused from the next request on."""
        sent = await _granted(site, "*")
        assert (await site.send("POST", "/auth/logout", [FROM_HERE, sent])).status == 204
        for path in ("/members", "/all"):
            is_problem(await site.get(path, sent), 401, "invalid_token")

    async def test_refusal_of_a_handler(self, site):
        """A refusal that a handler raises itself becomes its problem document, without its cause."""
        reply = await site.get("/refusing")
        is_problem(reply, 409, "username_taken")
        assert SECRET not in reply.body.decode()

    async def test_fault_of_a_handler(self, site):
        """A fault that a handler meets becomes a 503 that says when to come again, and no more."""
        reply = await site.get("/failing")
        is_problem(reply, 503, "unavailable")
        assert reply.one("retry-after") == "2"
        assert SECRET not in reply.body.decode()

    async def test_failure_of_a_handler(self, site):
        """Any other exception is the framework's own 500, and tells nobody who was there."""
        token = await site.token()
        reply = await site.get("/broken", cookie(session=token))
        assert (reply.status, reply.one("set-cookie")) == (500, None)
        assert not any(secret in reply.body.decode() for secret in (SECRET, token, ADA, "Traceback"))
        assert (await site.get("/open")).json() == NOBODY

    @pytest.mark.parametrize("path", ["/health", "/health/deep"])
    async def test_exempt_path_reads_nothing(self, site, path):
        """On an exempt path nobody looks who is there: no store is read, and no header refused."""
        token = await site.token()
        await site.settled()
        site.store.calls.clear()
        for sent in ([], [cookie(session=token)], [cookie(session=token)] * 2, [("authorization", "!")] * 2):
            assert (await site.get(path, *sent)).json() == "unknown"
        assert site.store.calls == []

    async def test_exempt_is_a_path_and_what_is_below(self, site):
        """What merely begins like an exempt path is not exempt."""
        twice = [cookie(session="a"), cookie(session="b")]
        for path in ("/healthy", "/health-check", "/open", "/HEALTH"):
            assert (await site.get(path, *twice)).status == 400

    async def test_guard_on_an_exempt_path_lets_nobody_in(self, site):
        """A guard where nobody looked who is there is a mistake of the application: it fails, for everybody."""
        token = await site.token()
        for sent in ([], [cookie(session=token)]):
            reply = await site.get("/health/guarded", *sent)
            assert (reply.status, b"unknown" in reply.body) == (500, False)

    async def test_roles(self, site):
        """A page for some roles lets in whoever has one of them now, and nobody else."""
        token = await site.token()
        account = await site.auth.find_account(ADA)
        is_problem(await site.get("/editors"), 401, "not_authenticated")
        is_problem(await site.get("/editors", cookie(session=token)), 403, "permission_denied")
        await site.auth.assign_role(account_id=account.id, role="author", permissions=["texts"])
        assert (await site.get("/editors", cookie(session=token))).status == 200
        await site.auth.withdraw_role(account_id=account.id, role="author")
        is_problem(await site.get("/editors", cookie(session=token)), 403, "permission_denied")

    async def test_tags(self, site):
        """A page for sessions of one sort lets in no session of another sort."""
        token = await site.token()
        is_problem(await site.get("/staff"), 401, "not_authenticated")
        is_problem(await site.get("/staff", cookie(session=token)), 403, "permission_denied")
        tagged = (await site.auth.log_in(identifier=ADA, password=PASSWORD, tag="staff")).token
        assert (await site.get("/staff", cookie(session=tagged))).status == 200

    @pytest.mark.parametrize(("later", "is_fresh"), [(-TICK, True), (timedelta(0), False), (TICK, False)])
    async def test_fresh_login(self, site, later, is_fresh):
        """A page that asks for a fresh login lets in until that time is over, and says then how long it was."""
        sent = cookie(session=await site.token())
        is_problem(await site.get("/sensitive"), 401, "not_authenticated")
        site.clock.advance(timedelta(minutes=5) + later)
        reply = await site.get("/sensitive", sent)
        if is_fresh:
            assert reply.json()["who"] == ADA
        else:
            is_problem(reply, 401, "reauthentication_required", max_age=300)
            told = f'{REALM}, error="insufficient_user_authentication", max_age="300"'
            assert reply.one("www-authenticate") == told
        assert (await site.get("/members", sent)).status == 200
        assert site.stage.ran == [ADA] * (1 + is_fresh)

    async def test_password_makes_a_login_fresh(self, site):
        """Whoever gives the password once more is let in, by the new cookie alone."""
        ada = await site.member()
        site.clock.advance(timedelta(minutes=5))
        is_problem(await ada.post("/sensitive"), 401, "reauthentication_required", max_age=300)
        before = ada.cookies[SESSION]
        assert (await ada.post("/auth/reauthenticate", {"current_password": PASSWORD})).status == 200
        assert (await ada.post("/sensitive")).json()["who"] == ADA
        is_problem(await site.get("/sensitive", cookie(session=before)), 401, "invalid_token")
