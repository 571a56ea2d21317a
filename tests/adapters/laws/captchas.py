"""Laws of captchas: whoever reads or hears one gets through a door once, and nobody fills the store by asking."""

from dataclasses import replace
from datetime import timedelta

import pytest

from authcore import CaptchaSettings, Throttle
from authcore.errors import Overloaded, RenderingFault
from tests.adapters.laws.asserting import is_json, is_problem, token_of
from tests.adapters.people import ADA, CAPTCHA, FROM_HERE, PASSWORD, bearer, cookie
from tests.adapters.sites import POLICY

ATTRIBUTES = "Max-Age=300; Path=/; Secure; HttpOnly; SameSite=Lax"
ACCOUNT = {"email": ADA, "password": PASSWORD}


def with_captcha(**changes):
    """The sites' policy, with other captchas."""
    return replace(POLICY, captcha=CaptchaSettings(**changes))


def _code(code):
    return "captcha-code", code


def _wrong(code):
    return code[:-1] + str((int(code[-1]) + 1) % 10)


async def _shown(browser):
    """Ask for a captcha, and return what its picture shows."""
    assert (await browser.post("/auth/captcha")).status == 201
    return (await browser.get("/auth/captcha/picture")).body.decode()


class Captchas:
    """To be inherited by the contract."""

    async def test_captcha_to_the_byte(self, site):
        """A captcha is handed out in its cookie alone, for as long as it can be answered, and costs no store."""
        reply = await site.post("/auth/captcha")
        captcha = token_of(reply, CAPTCHA)
        assert reply.all("set-cookie") == [f"{CAPTCHA}={captcha}; {ATTRIBUTES}"]
        ends = site.clock.now() + site.auth.policy.captcha.lifetime
        assert is_json(reply, 201) == {"attempts_left": 3, "expires_at": f"{ends:%Y-%m-%dT%H:%M:%SZ}"}
        assert site.store.calls == []

    @pytest.mark.parametrize(("path", "media_type"), [("picture", "image/png"), ("sound", "audio/wav")])
    async def test_renderings_are_for_our_pages_alone(self, site, path, media_type):
        """A picture and a sound are of their type, kept by no cache, and shown by no page of another origin."""
        browser = site.browser()
        await browser.post("/auth/captcha")
        reply = await browser.get(f"/auth/captcha/{path}")
        assert (reply.status, reply.one("content-type"), reply.one("cache-control")) == (200, media_type, "no-store")
        assert reply.one("cross-origin-resource-policy") == "same-origin"
        assert reply.one("x-content-type-options") == "nosniff"
        assert reply.one("content-length") == str(len(reply.body))
        assert reply.all("set-cookie") == []

    async def test_ear_and_eye_are_told_the_same(self, site):
        """The sound speaks what the picture shows, however often either is asked for."""
        browser = site.browser()
        shown = await _shown(browser)
        paths = ("/auth/captcha/sound", "/auth/captcha/picture", "/auth/captcha/sound")
        assert {(await browser.get(path)).body.decode() for path in paths} == {shown}

    async def test_right_answer_lets_in_once(self, site):
        """A right answer lets one request of anybody into the handler, and no second one."""
        browser = site.browser()
        shown = await _shown(browser)
        reply = await browser.post("/posting", None, _code(f"{shown[:3]} {shown[3:]}"))
        assert (reply.status, reply.json()["authenticated"]) == (200, False)
        is_problem(await browser.post("/posting", None, _code(shown)), 410, "challenge_ended")
        assert len(site.stage.ran) == 1

    async def test_spent_captcha_is_shown_no_more(self, site):
        """What was answered is over for its picture, too."""
        browser = site.browser()
        await browser.post("/posting", None, _code(await _shown(browser)))
        for path in ("/auth/captcha/picture", "/auth/captcha/sound"):
            is_problem(await browser.get(path), 410, "challenge_ended")

    async def test_wrong_answers_count_down_and_end_it_for_ever(self, site):
        """Wrong answers are counted; after the last one not even the right one counts, and another captcha helps."""
        browser = site.browser()
        shown = await _shown(browser)
        for left in (2, 1):
            reply = await browser.post("/posting", None, _code(_wrong(shown)))
            is_problem(reply, 422, "code_mismatch", attempts_left=left)
        for answer in (_wrong(shown), shown, shown):
            is_problem(await browser.post("/posting", None, _code(answer)), 410, "attempts_exhausted")
        assert site.stage.ran == []
        assert (await browser.post("/posting", None, _code(await _shown(browser)))).status == 200

    async def test_no_answer_is_asked_for(self, site):
        """Who sends no answer, or has asked for no captcha, is told to do so."""
        browser = site.browser()
        is_problem(await browser.post("/posting", None, _code("123456")), 403, "captcha_required")
        await browser.post("/auth/captcha")
        is_problem(await browser.post("/posting"), 403, "captcha_required")
        assert site.stage.ran == []

    async def test_answer_to_another_captcha_is_wrong(self, site):
        """A newer captcha has another code, and the older one's is of no use for it."""
        browser = site.browser()
        older = await _shown(browser)
        newer = await _shown(browser)
        assert older != newer
        is_problem(await browser.post("/posting", None, _code(older)), 422, "code_mismatch", attempts_left=2)

    async def test_captcha_expires(self, site):
        """On its deadline a captcha is over, for eyes, ears and answers."""
        browser = site.browser()
        shown = await _shown(browser)
        site.clock.advance(site.auth.policy.captcha.lifetime)
        for path in ("/auth/captcha/picture", "/auth/captcha/sound"):
            is_problem(await browser.get(path), 401, "invalid_token")
        is_problem(await browser.post("/posting", None, _code(shown)), 401, "invalid_token")

    async def test_nothing_is_shown_without_a_captcha(self, site):
        """A picture or a sound of no captcha, or of a token of another kind, is none."""
        challenge, _ = await site.challenge()
        for path in ("/auth/captcha/picture", "/auth/captcha/sound"):
            is_problem(await site.get(path), 403, "captcha_required")
            is_problem(await site.get(path, cookie(captcha=challenge)), 401, "invalid_token")

    @pytest.mark.parametrize("codes", [["1", "2"], ["1" * 1025]], ids=["twice", "long"])
    async def test_malformed_answers_are_refused(self, site, codes):
        """Two answers, or one without end, are a malformed request."""
        browser = site.browser()
        await browser.post("/auth/captcha")
        reply = await browser.post("/posting", None, *map(_code, codes))
        is_problem(reply, 400, "malformed_request", reason="captcha_code")

    async def test_one_captcha_is_rendered_so_often_only(self, serve):
        """Many renderings give a code away: after the limit there is none for as long as the captcha lasts."""
        site = await serve(policy=with_captcha(renderings=2))
        browser = site.browser()
        await _shown(browser)
        assert (await browser.get("/auth/captcha/sound")).status == 200
        site.clock.advance(timedelta(seconds=60))
        reply = await browser.get("/auth/captcha/picture")
        is_problem(reply, 429, "throttled", retry_after=240)
        assert reply.one("retry-after") == "240"
        await _shown(browser)

    async def test_one_network_gets_so_many(self, serve):
        """Renderings and answers of one network are counted together, and the way in is told after the limit."""
        throttle = Throttle(limit=3, window=timedelta(minutes=10))
        site = await serve(policy=with_captcha(per_network=throttle))
        browser, other = site.browser(), site.browser()
        shown = await _shown(browser)
        await _shown(other)
        is_problem(await browser.post("/posting", None, _code(_wrong(shown))), 422, "code_mismatch", attempts_left=2)
        calls = len(site.store.calls)
        is_problem(await browser.post("/posting", None, _code(shown)), 429, "throttled", retry_after=600)
        is_problem(await other.get("/auth/captcha/sound"), 429, "throttled", retry_after=600)
        assert "commit" not in site.store.calls[calls:]
        site.clock.advance(throttle.window)
        assert (await other.post("/auth/captcha")).status == 201

    @pytest.mark.parametrize(
        "fault", [RenderingFault("no font"), Overloaded("full")], ids=lambda fault: type(fault).__name__
    )
    async def test_rendering_that_fails_is_no_ones_mistake(self, site, fault):
        """Where none can be rendered just now, the answer says to come again, and the captcha still holds."""
        browser = site.browser()
        shown = await _shown(browser)
        site.auth.renderer.fault = fault
        for path in ("/auth/captcha/picture", "/auth/captcha/sound"):
            reply = await browser.get(path)
            is_problem(reply, 503, "unavailable")
            assert reply.one("retry-after") == "2"
        assert (await browser.post("/posting", None, _code(shown))).status == 200

    async def test_endpoint_asks_where_the_policy_says(self, serve):
        """An endpoint that is to ask for a captcha does so, and spends none on a body that cannot be read."""
        site = await serve(policy=with_captcha(endpoints=frozenset({"register"})))
        browser = site.browser()
        is_problem(await browser.post("/auth/register", ACCOUNT), 403, "captcha_required")
        answer = _code(await _shown(browser))
        unread = await browser.post("/auth/register", {"email": ADA}, answer)
        is_problem(unread, 422, "invalid_input", field="password", reason="missing")
        assert (await browser.post("/auth/register", ACCOUNT, answer)).status == 202
        is_problem(await browser.post("/auth/register", ACCOUNT, answer), 410, "challenge_ended")
        is_problem(
            await browser.post("/auth/login", {"identifier": ADA, "password": PASSWORD}), 401, "invalid_credentials"
        )

    async def test_bearers_name_the_captcha_in_a_header(self, serve):
        """Where no cookie is set, the captcha's token is in the answer, and stands in a header of its own."""
        site = await serve(policy=replace(POLICY, bearer=True))
        reply = await site.post("/auth/captcha")
        assert reply.all("set-cookie") == []
        named = ("captcha-token", is_json(reply, 201)["captcha"])
        shown = (await site.get("/auth/captcha/picture", named)).body.decode()
        assert (await site.get("/auth/captcha/sound", named)).body.decode() == shown
        is_problem(await site.post("/posting", None, _code(shown)), 403, "captcha_required")
        is_problem(await site.post("/posting", None, _code(shown), bearer(named[1])), 403, "captcha_required")
        is_problem(await site.get("/auth/captcha/picture", cookie(captcha=named[1])), 403, "captcha_required")
        assert (await site.post("/posting", None, _code(shown), named)).status == 200

    async def test_another_sites_page_shows_none(self, site):
        """Asking for a captcha changes a cookie, so a page of another site cannot."""
        is_problem(
            await site.post("/auth/captcha", None, ("origin", "https://evil.example.net")), 403, "cross_site_request"
        )
        assert (await site.send("POST", "/auth/captcha", [FROM_HERE])).status == 201
