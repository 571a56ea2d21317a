"""Laws of what requests cost, and of those that run at the same time or end too early: none sees another's caller."""

import asyncio

import pytest

from tests.adapters.laws.asserting import is_json, is_problem
from tests.adapters.people import ADA, BOB, PASSWORD, SESSION, cookie
from tests.adapters.waiting import until


class Isolation:
    """To be inherited by the contract."""

    async def test_parallel_requests_keep_their_callers(self, site):
        """Fifty requests of two people and of nobody run at once, and each is told its own caller."""
        sent = {ADA: [cookie(session=await site.token(ADA))], BOB: [cookie(session=await site.token(BOB))], "": []}
        callers = [list(sent)[number % 3] for number in range(50)]
        waiting = asyncio.gather(*(site.get("/waiting", *sent[who]) for who in callers))
        await until(lambda: len(site.stage.ran) == len(callers))
        site.stage.gate.set()
        assert [reply.json()["who"] for reply in await waiting] == callers

    async def test_parallel_logins_keep_their_sessions(self, site):
        """People who log in at the same time get a session each, and each their own."""
        people = [ADA, BOB] * 5
        for address in (ADA, BOB):
            await site.enrol(address)
        browsers = [site.browser() for _ in people]
        replies = await asyncio.gather(
            *(
                browser.post("/auth/login", {"identifier": who, "password": PASSWORD})
                for browser, who in zip(browsers, people, strict=True)
            )
        )
        assert {reply.status for reply in replies} == {200}
        assert len({browser.cookies[SESSION] for browser in browsers}) == len(people)
        seen = await asyncio.gather(*(browser.get("/auth/session") for browser in browsers))
        assert [reply.json()["account"]["email"] for reply in seen] == people

    async def test_parallel_guesses_are_all_counted(self, site):
        """Of twenty wrong codes at once each counts once: four are told to be wrong, and the code is over for ever."""
        ada = site.browser()
        await ada.post("/auth/register", {"email": ADA, "password": PASSWORD})
        right = await site.code(ADA)
        wrong = {"code": f"{(int(right) + 1) % 10**6:06}"}
        sent = cookie(challenge=ada.cookies["__Host-authcore-two-step"])
        replies = await asyncio.gather(*(site.post("/auth/verify", wrong, sent) for _ in range(20)))
        told = [reply.json()["attempts_left"] for reply in replies if reply.status == 422]
        assert sorted(told) == sorted(set(told))
        assert {reply.status for reply in replies} <= {422, 410, 503}
        while (reply := await site.post("/auth/verify", wrong, sent)).status == 422:
            told.append(reply.json()["attempts_left"])
        assert sorted(told) == [1, 2, 3, 4]
        is_problem(await site.post("/auth/verify", {"code": right}, sent), 410, "attempts_exhausted")

    async def test_code_is_taken_once_in_parallel(self, site):
        """Of ten right codes at once exactly one is taken."""
        ada = site.browser()
        await ada.post("/auth/register", {"email": ADA, "password": PASSWORD})
        right, sent = {"code": await site.code(ADA)}, cookie(challenge=ada.cookies["__Host-authcore-two-step"])
        replies = await asyncio.gather(*(site.post("/auth/verify", right, sent) for _ in range(10)))
        statuses = [reply.status for reply in replies]
        assert statuses.count(200) == 1
        assert set(statuses) <= {200, 410, 503}
        is_problem(await site.post("/auth/verify", right, sent), 410, "challenge_ended")

    async def test_cancelled_request_leaves_nothing(self, site):
        """A client that goes away leaves no caller behind: whoever comes next is who they are."""
        sent = cookie(session=await site.token())
        gone = [asyncio.create_task(site.get("/waiting", sent)) for _ in range(5)]
        await until(lambda: len(site.stage.ran) == len(gone))
        for task in gone:
            task.cancel()
        assert all(
            isinstance(end, asyncio.CancelledError) for end in await asyncio.gather(*gone, return_exceptions=True)
        )
        for path in ("/open", "/open"):
            assert (await site.get(path)).json() == {"who": "", "authenticated": False}
        is_problem(await site.get("/members"), 401, "not_authenticated")
        site.stage.gate.set()
        assert (await site.get("/waiting", sent)).json()["who"] == ADA

    @pytest.mark.parametrize("path", ["/auth/session", "/open"])
    async def test_caller_does_not_outlive_its_connection(self, site, path):
        """On one connection, requests of different callers follow each other, and each is its own."""
        ada, bob = cookie(session=await site.token(ADA)), cookie(session=await site.token(BOB))
        told = [(await site.get(path, *sent)).body for sent in ([ada], [bob], [], [ada], [])]
        assert told[0] == told[3]
        assert told[2] == told[4]
        assert len(set(told)) == 3
        is_json(await site.get("/auth/session", bob))

    async def test_nobody_costs_no_read(self, site):
        """Without a credential no store is read, on any page."""
        for path in ("/open", "/members", "/all", "/no-such-page", "/auth/session"):
            await site.get(path)
            await site.get(path, ("cookie", "theme=dark"), ("authorization", "Digest x"))
        assert site.store.calls == []

    async def test_somebody_costs_one_read(self, site):
        """With a good token each page costs one round trip to the store, and no write."""
        sent = cookie(session=await site.token())
        await site.settled()
        for path in ("/open", "/members", "/all", "/any", "/no-such-page", "/auth/session"):
            site.store.calls.clear()
            await site.get(path, sent)
            assert site.store.calls == ["caller"], path
