"""Laws of what is refused: the log has a line for each, the trail one event for many, and the store is not asked."""

from collections import Counter

from authcore.entities import UNSEALED, AuditEvent, AuditKind
from authcore.ports import by_field
from tests.adapters.laws.asserting import is_problem
from tests.adapters.people import ADA, OTHER_PASSWORD, cookie

ANY_STORE = True


async def _in_trail(site):
    """What the trail says was refused, once it is written, and how often."""
    await site.auth.record_refusals()
    found = await site.store.find(by_field(AuditEvent, "batch", UNSEALED))
    events = [event for event in found if event.kind is AuditKind.REFUSED]
    assert all(event.network for event in events)
    return Counter({event.reason: event.count for event in events})


def _lines(caplog):
    lines = (record.getMessage() for record in caplog.records if record.name == "authcore.security")
    return Counter(line.split()[1] for line in lines if line.startswith("refused: "))


class Refusals:
    """To be inherited by the contract."""

    async def test_refusals_are_counted_and_cost_no_write(self, site, caplog):
        """Bad tokens, nobody, and another site: each is counted once, logged once, and asks nothing of the store."""
        caplog.set_level("INFO", logger="authcore.security")
        site.store.calls.clear()
        for path in ("/open", "/members", "/auth/session"):
            await site.get(path, cookie(session="garbage"))
        await site.get("/members")
        await site.send("POST", "/auth/logout", [("origin", "https://evil.example"), cookie(session="garbage")])
        assert site.store.calls == []
        expected = {"invalid_token": 3, "not_authenticated": 1, "cross_site_request": 1}
        assert _lines(caplog) == expected
        assert await _in_trail(site) == expected

    async def test_denied_permission_is_told(self, site, caplog):
        """Whoever may not do something is a line of the log, with what was lacking, and counted."""
        token = await site.token()
        caplog.set_level("INFO", logger="authcore.security")
        is_problem(await site.get("/all", cookie(session=token)), 403, "permission_denied")
        [line] = [record.getMessage() for record in caplog.records if "permission_denied" in record.getMessage()]
        assert "invoices:read" in line
        assert await _in_trail(site) == {"permission_denied": 1}

    async def test_failed_logins_are_counted(self, site):
        """Wrong passwords, known address or not, are counted as one thing."""
        await site.enrol()
        for identifier in (ADA, "nobody"):
            reply = await site.post("/auth/login", {"identifier": identifier, "password": OTHER_PASSWORD})
            is_problem(reply, 401, "invalid_credentials")
        assert await _in_trail(site) == {"invalid_credentials": 2}

    async def test_refusal_of_a_handler_is_told(self, site, caplog):
        """What a handler refuses by itself is a line of the log, whoever answers it, the framework or the adapter."""
        caplog.set_level("INFO", logger="authcore.security")
        is_problem(await site.get("/refusing"), 409, "username_taken")
        assert _lines(caplog) == {"username_taken": 1}
