"""Laws of what strangers cannot learn: whether an address belongs to somebody."""

import re
from functools import partial

import pytest

from authcore import IdentifierKind
from authcore.entities import Account, Identifier, MessageKind
from authcore.ports import by_id
from authcore.testing import assert_indistinguishable
from tests.adapters.laws.asserting import is_json, is_problem
from tests.adapters.people import ADA, BOB, EVE, OTHER_PASSWORD, PASSWORD
from tests.adapters.sites import POLICY
from tests.flows.strangers import SCRIPTS, SINCE, SITUATIONS, about, strict

OVER_HTTP = (
    "log in until it is too much",
    "register with a username",
    "register until it is too much",
    "ask for another code",
    "have it sent again",
    "guess until the code is over",
    "guess at a forgotten one",
)
"""The scripts that meet every endpoint and every limit; the others are run on the core alone."""

STRANGERS = ("stranger@example.org", "+442079460018", "stranger")


def masked(reply):
    """Return an answer with its token's letters hidden, but not their number."""
    status, headers, body = reply.own
    hidden = [
        (name, re.sub(r"(?<==)[\w.-]+(?=; Max)", lambda found: "x" * len(found[0]), text)) for name, text in headers
    ]
    return status, hidden, body


async def known_people(site):
    """Fill a site with people in every state, and return how each is named."""
    await site.enrol("proven@example.org", username="proven")
    await site.enrol("+15005550006")
    await site.auth.register(email="unproven@example.org", password=PASSWORD)
    for state in ("disabled", "deleted"):
        account = await site.enrol(f"{state}@example.org", username=state)
        await site.alter(account, **{f"{state}_at": site.clock.now()})
    decoy = await site.enrol("decoy@example.org")
    await site.auth.register(email=decoy.email, password=OTHER_PASSWORD)
    await site.settled()
    return (
        "proven@example.org",
        "proven",
        "+15005550006",
        "unproven@example.org",
        "disabled@example.org",
        "disabled",
        "deleted@example.org",
        "deleted",
        "decoy@example.org",
    )


class Neutrality:
    """To be inherited by the contract."""

    @pytest.mark.parametrize("script", OVER_HTTP)
    async def test_strangers_learn_nothing(self, serve_recorded, script):
        """Whoever is behind an address, a stranger's requests get equal answers, cost as much, and leave as much."""
        site, runs = await serve_recorded(policy=strict(POLICY)), []
        people = {situation: f"person-{number:02}@example.org" for number, situation in enumerate(SITUATIONS)}
        for situation, address in people.items():
            await SITUATIONS[situation](site.auth, address)
        site.clock.advance(SINCE)

        async def play(auth, address):
            stranger = site.browser()
            for path, body in about(address, SCRIPTS[script]):
                await stranger.post(f"/auth{path}", body)
            return [reply.own for reply in stranger.replies]

        for situation, address in people.items():
            runs.append(await site.recorder.record(situation, partial(play, address=address)))
        assert_indistinguishable(*runs)
        assert "malformed_request" not in runs[0].answer

    async def test_login_does_not_tell_who_is_known(self, site):
        """A wrong password gets the same answer, to the byte, whoever is named: somebody, nobody, in any state."""
        known = await known_people(site)
        expected = await site.post("/auth/login", {"identifier": STRANGERS[0], "password": "wrong wrong wrong"})
        is_problem(expected, 401, "invalid_credentials")
        for name in (*STRANGERS, *known):
            reply = await site.post("/auth/login", {"identifier": name, "password": "wrong wrong wrong"})
            assert reply.own == expected.own, name

    async def test_unproven_address_names_nobody(self, site):
        """The right password of an address that was never proven, or of a decoy, gets a stranger's answer too."""
        await known_people(site)
        expected = await site.post("/auth/login", {"identifier": STRANGERS[0], "password": PASSWORD})
        for name, password in (("unproven@example.org", PASSWORD), ("decoy@example.org", OTHER_PASSWORD)):
            reply = await site.post("/auth/login", {"identifier": name, "password": password})
            assert reply.own == expected.own, name

    async def test_login_by_a_kind_that_is_not_taken(self, serve):
        """Where only some identifiers log in, the others get a stranger's answer, even with the right password."""
        policy = type(POLICY)(origins=POLICY.origins, login_with=frozenset({IdentifierKind.EMAIL}))
        site = await serve(policy=policy)
        await site.enrol(username="ada")
        replies = [
            await site.post("/auth/login", {"identifier": name, "password": PASSWORD})
            for name in ("ada", "nobody", EVE)
        ]
        assert [reply.own for reply in replies] == [replies[2].own] * 3

    async def test_registration_does_not_tell_who_is_known(self, site):
        """A taken address gets the answer of a new one, to the byte but for the token's letters."""
        known = [name for name in await known_people(site) if name.endswith("@example.org")]
        replies = {
            name: await site.post("/auth/register", {"email": name, "password": OTHER_PASSWORD})
            for name in (BOB, *known)
        }
        is_json(replies[BOB], 202)
        assert {name: masked(reply) for name, reply in replies.items()} == dict.fromkeys(replies, masked(replies[BOB]))

    async def test_registration_of_a_taken_address_changes_nothing(self, site):
        """The owner of the address is told by message, goes on as before, and no code fits the stranger's challenge."""
        await site.enrol()
        site.mailbox.letters.clear()
        eve = site.browser()
        await eve.post("/auth/register", {"email": ADA, "username": "eve", "password": OTHER_PASSWORD})
        await site.settled()
        assert [(letter.kind, letter.destination) for letter in site.mailbox.letters] == [
            (MessageKind.ALREADY_REGISTERED, ADA)
        ]
        for left in (4, 3, 2, 1):
            is_problem(await eve.post("/auth/verify", {"code": "000000"}), 422, "code_mismatch", attempts_left=left)
        is_problem(await eve.post("/auth/verify", {"code": "000000"}), 410, "attempts_exhausted")
        is_json(await site.post("/auth/login", {"identifier": ADA, "password": PASSWORD}))

    @pytest.mark.parametrize("spelling", ["ADA@Example.ORG", "ada@example.org"])
    async def test_spelling_does_not_make_another_address(self, site, spelling):
        """An address in another spelling is the same address."""
        await site.enrol()
        site.mailbox.letters.clear()
        is_json(await site.post("/auth/register", {"email": spelling, "password": OTHER_PASSWORD}), 202)
        await site.settled()
        assert [letter.kind for letter in site.mailbox.letters] == [MessageKind.ALREADY_REGISTERED]

    async def test_challenges_do_not_tell_who_is_known(self, site):
        """After registering, another code and every wrong one get the same answers, whosever the address is."""
        known = [name for name in await known_people(site) if name.endswith("@example.org")]
        site.mailbox.letters.clear()
        answers = {}
        for name in (BOB, *known):
            eve = site.browser()
            await eve.post("/auth/register", {"email": name, "password": OTHER_PASSWORD})
            await eve.post("/auth/verification")
            for _ in range(7):
                await eve.post("/auth/verify", {"code": "no code"})
            await eve.post("/auth/verification")
            await eve.post("/auth/verify", {"code": "no code"})
            answers[name] = [masked(reply) for reply in eve.replies]
        assert answers == dict.fromkeys(answers, answers[BOB])
        assert {reply[0] for reply in answers[BOB]} == {202, 422, 410}
        await site.settled()
        coded = {letter.destination for letter in site.mailbox.letters if letter.kind is MessageKind.CODE}
        assert coded == {BOB, "unproven@example.org"}

    async def test_code_goes_only_to_whoever_registered(self, site):
        """Nobody has a code sent for a registration without its own challenge."""
        await site.auth.register(email=ADA, password=PASSWORD)
        await site.settled()
        site.mailbox.letters.clear()
        is_problem(await site.post("/auth/verification"), 410, "challenge_ended")
        is_json(await site.post("/auth/register", {"email": BOB, "password": PASSWORD}), 202)
        await site.settled()
        assert {letter.destination for letter in site.mailbox.letters} == {BOB}

    async def test_taken_username_is_told(self, site):
        """Usernames are public: a taken one is a 409, whether the address is known or not, and changes nothing."""
        await site.enrol(username="ada")
        await site.enrol(BOB)
        site.mailbox.letters.clear()
        for email in (EVE, BOB):
            reply = await site.post("/auth/register", {"email": email, "username": "Ada", "password": OTHER_PASSWORD})
            is_problem(reply, 409, "username_taken")
        await site.settled()
        assert site.mailbox.letters == []
        assert await site.store.get(by_id(Identifier, f"email:{EVE}")) is None

    async def test_fields_of_an_account_cannot_be_chosen(self, site):
        """Nobody registers as verified, or under another id: unknown fields are refused, and nothing is stored."""
        for field in ("id", "verified_at", "verified", "epoch", "roles", "decoy"):
            assert field in {*Account.__dataclass_fields__, "verified", "roles"}
            reply = await site.post("/auth/register", {"email": ADA, "password": PASSWORD, field: "1"})
            is_problem(reply, 422, "invalid_input", field=field, reason="unknown")
        assert site.store.calls == []
