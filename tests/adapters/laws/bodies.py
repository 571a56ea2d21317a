"""Laws of request bodies, and of the Basic header that may stand in for one."""

import json
from base64 import b64encode

import pytest

from tests.adapters.laws.asserting import is_json, is_problem, token_of
from tests.adapters.laws.statuses import GOOD
from tests.adapters.people import ADA, BOB, FROM_HERE, JSON, PASSWORD, SESSION, cookie

ANY_STORE = True

LIMIT = 16 * 1024
GOOD_BODY = json.dumps({"identifier": ADA, "password": PASSWORD}).encode()

UNREADABLE = {
    "empty": (b"", "not_json"),
    "no-json": (b"identifier=ada", "not_json"),
    "cut-off": (GOOD_BODY[:-1], "not_json"),
    "twice": (GOOD_BODY + GOOD_BODY, "not_json"),
    "array": (b"[]", "not_an_object"),
    "null": (b"null", "not_an_object"),
    "string": (b'"x"', "not_an_object"),
    "duplicate-key": (b'{"identifier":"a","identifier":"b","password":"c"}', "duplicate_key"),
    "duplicate-key-escaped": (b'{"identifier":"a","\\u0069dentifier":"b","password":"c"}', "duplicate_key"),
    "nan": (b'{"identifier":NaN}', "number_out_of_range"),
    "infinity": (b'{"identifier":-Infinity}', "number_out_of_range"),
    "huge-number": (b'{"identifier":1e999}', "number_out_of_range"),
    "long-number": (b'{"identifier":' + b"9" * 5000 + b"}", "number_out_of_range"),
    "deep": (b'{"identifier":' + b"[" * 5000 + b"]" * 5000 + b"}", "too_deep"),
    "latin-1": (b'{"identifier":"\xe9"}', "not_utf8"),
    "bom": (b"\xef\xbb\xbf" + GOOD_BODY, "not_json"),
    "utf-16": (GOOD_BODY.decode().encode("utf-16-le"), "not_json"),
    "lone-surrogate": (b'{"identifier":"\\ud800","password":"x"}', "lone_surrogate"),
    "nul": (b"\0", "not_json"),
}
UNUSABLE = {
    "missing": ({"identifier": ADA}, "password", "missing"),
    "nothing": ({}, "identifier", "missing"),
    "null": ({"identifier": None, "password": PASSWORD}, "identifier", "not_text"),
    "number": ({"identifier": 1, "password": PASSWORD}, "identifier", "not_text"),
    "boolean": ({"identifier": ADA, "password": True}, "password", "not_text"),
    "array": ({"identifier": [ADA], "password": PASSWORD}, "identifier", "not_text"),
    "object": ({"identifier": {"$ne": ""}, "password": PASSWORD}, "identifier", "not_text"),
    "too-long": ({"identifier": "a" * 321, "password": PASSWORD}, "identifier", "too_long"),
    "long-password": ({"identifier": ADA, "password": "a" * 1025}, "password", "too_long"),
    "unknown": ({"identifier": ADA, "password": PASSWORD, "is_admin": "true"}, "is_admin", "unknown"),
    "other-case": ({"Identifier": ADA, "password": PASSWORD}, "Identifier", "unknown"),
    "unprintable": ({"\x1b[31m": "", "password": PASSWORD}, "(unprintable)", "unknown"),
    "line-break": ({"a\r\nSet-Cookie: x": ""}, "(unprintable)", "unknown"),
}
OTHER_TYPES = {
    "none": [],
    "form": [("content-type", "application/x-www-form-urlencoded")],
    "text": [("content-type", "text/plain")],
    "suffix": [("content-type", "application/problem+json")],
    "latin-1": [("content-type", "application/json; charset=latin-1")],
    "parameter": [("content-type", "application/json; x=y")],
    "two": [JSON, JSON],
    "list": [("content-type", "application/json, text/plain")],
    "gzip": [JSON, ("content-encoding", "gzip")],
}
SAME_TYPES = {
    "upper-case": [("content-type", "Application/JSON")],
    "charset": [("content-type", 'application/json;charset="UTF-8"')],
    "identity": [JSON, ("content-encoding", "identity")],
}


def basic(octets):
    """Return a Basic header."""
    return "authorization", b"Basic " + b64encode(octets)


class Bodies:
    """To be inherited by the contract."""

    @pytest.mark.parametrize(("body", "reason"), UNREADABLE.values(), ids=UNREADABLE)
    async def test_unreadable_body(self, site, body, reason):
        """What is not strictly a JSON object is a 400 that says why."""
        reply = await site.send("POST", "/auth/login", [FROM_HERE, JSON], body)
        is_problem(reply, 400, "malformed_request", reason=reason)

    @pytest.mark.parametrize(("payload", "field", "reason"), UNUSABLE.values(), ids=UNUSABLE)
    async def test_unusable_field(self, site, payload, field, reason):
        """A field that is missing, unknown, not text or too long is a 422 that names it."""
        is_problem(await site.post("/auth/login", payload), 422, "invalid_input", field=field, reason=reason)
        assert site.store.calls == []

    @pytest.mark.parametrize("path", [path for path, payload in GOOD.items() if payload])
    async def test_every_field_is_checked(self, site, path):
        """Every endpoint refuses fields that it does not declare, and its own if they are no text."""
        sent = cookie(session=await site.token(), challenge="garbage")
        reply = await site.post(path, {**GOOD[path], "account_id": "another"}, sent)
        is_problem(reply, 422, "invalid_input", field="account_id", reason="unknown")
        for name in GOOD[path]:
            reply = await site.post(path, {**GOOD[path], name: None}, sent)
            is_problem(reply, 422, "invalid_input", field=name, reason="not_text")

    @pytest.mark.parametrize("headers", OTHER_TYPES.values(), ids=OTHER_TYPES)
    async def test_other_media_types(self, site, headers):
        """A body that does not say that it is plain JSON is not read: forms of other sites cannot say so."""
        reply = await site.send("POST", "/auth/login", [FROM_HERE, *headers], GOOD_BODY)
        is_problem(reply, 415, "unsupported_media_type")

    @pytest.mark.parametrize("headers", SAME_TYPES.values(), ids=SAME_TYPES)
    async def test_same_media_type(self, site, headers):
        """Other spellings of the same type are taken."""
        await site.enrol()
        is_json(await site.send("POST", "/auth/login", [FROM_HERE, *headers], GOOD_BODY))

    async def test_longest_body(self, site):
        """A body of 16 KiB is read, and one octet more is a 413, whatever it holds."""
        await site.enrol()
        padded = GOOD_BODY.ljust(LIMIT)
        is_json(await site.send("POST", "/auth/login", [FROM_HERE, JSON], padded))
        for body in (padded + b" ", padded * 4, b"x" * (LIMIT + 1)):
            reply = await site.send("POST", "/auth/login", [FROM_HERE, JSON], body)
            is_problem(reply, 413, "request_too_large")
        is_json(await site.send("POST", "/auth/login", [FROM_HERE, JSON], GOOD_BODY))

    async def test_body_where_none_is_read(self, site):
        """An endpoint without fields does not mind a body, of whatever kind."""
        assert (await site.send("POST", "/auth/logout", [FROM_HERE], b"\xff" * 100)).status == 204
        assert (await site.post("/auth/logout", {"unknown": 1})).status == 204

    @pytest.mark.parametrize(
        ("payload", "field", "reason"),
        [
            ({"password": PASSWORD}, "email", "missing"),
            ({"email": ADA, "phone": "+442079460018", "password": PASSWORD}, "phone", "one_address_only"),
        ],
    )
    async def test_one_address_is_needed(self, site, payload, field, reason):
        """An account is registered under one address: neither is not enough, and both are too many."""
        is_problem(await site.post("/auth/register", payload), 422, "invalid_identifier", field=field, reason=reason)
        assert site.store.calls == []

    @pytest.mark.parametrize("email", ["ada", "ada@", "@example.org", "ada@example.org\r\nBcc: eve@example.org"])
    async def test_bad_address(self, site, email):
        """What is no address is refused, and nothing is sent anywhere."""
        reply = await site.post("/auth/register", {"email": email, "password": PASSWORD})
        assert (reply.status, reply.json()["code"]) == (422, "invalid_identifier")
        assert email not in reply.body.decode()
        assert site.store.unsent == set()

    @pytest.mark.parametrize("password", ["tiny", "password1234567", "a" * 257, ADA * 2])
    async def test_bad_password(self, site, password):
        """A password that breaks the policy is refused with a reason, and not repeated."""
        reply = await site.post("/auth/register", {"email": ADA, "password": password})
        assert (reply.status, reply.json()["code"], reply.json()["field"]) == (422, "invalid_password", "password")
        assert password not in reply.body.decode()

    async def test_basic_header_instead_of_a_body(self, site):
        """A Basic header logs in without a body, and with octets that are no ASCII."""
        for address, password in ((ADA, PASSWORD), (BOB, "vier süße Käsekuchen für: Jörg")):
            await site.enrol(address, password=password)
            reply = await site.send("POST", "/auth/login", [FROM_HERE, basic(f"{address}:{password}".encode())])
            assert is_json(reply)["session"]["amr"] == ["pwd"]
            seen = await site.get("/auth/session", cookie(session=token_of(reply, SESSION)))
            assert is_json(seen)["account"]["email"] == address

    @pytest.mark.parametrize(
        "value",
        [
            b"Basic",
            b"Basic !!!",
            b"Basic " + b64encode(b"no colon"),
            b"Basic " + b64encode(b"\xe9:\xff"),
            b"Basic " + b64encode(b"ada:\x00"),
            b"Basic " + b64encode(b"ab:cd").rstrip(b"="),
            b"Basic " + b64encode(b"ada:pass") + b" " + b64encode(b"x:y"),
        ],
    )
    async def test_malformed_basic_header(self, site, value):
        """A Basic header that cannot be read is a 400, and its octets are repeated nowhere."""
        reply = await site.send("POST", "/auth/login", [FROM_HERE, ("authorization", value)])
        is_problem(reply, 400, "malformed_request", reason="malformed_authorization")

    async def test_basic_header_is_checked_like_a_body(self, site):
        """A Basic header with a wrong password gets what a body with one gets."""
        await site.enrol()
        by_header = await site.send("POST", "/auth/login", [FROM_HERE, basic(b"ada@example.org:wrong wrong wrong")])
        by_body = await site.post("/auth/login", {"identifier": ADA, "password": "wrong wrong wrong"})
        assert by_header.own == by_body.own

    async def test_basic_header_authenticates_no_request(self, site):
        """A Basic header is for logging in only."""
        await site.enrol()
        reply = await site.get("/auth/session", basic(f"{ADA}:{PASSWORD}".encode()))
        is_problem(reply, 401, "not_authenticated")
