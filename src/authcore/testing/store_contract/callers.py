"""Laws about `caller`: a store's own way of answering gives what the derived way gives."""
# ruff: noqa: S101  a law speaks assert, as every test does

from dataclasses import replace

from authcore.ports import Caller, Reader, Store
from authcore.testing.store_contract.samples import MOMENT, account, at, grant, put, role, session

__all__ = ["CallerLaws"]


class CallerLaws:
    """What an authenticated request reads."""

    async def test_caller_of_an_unknown_session(self, store: Store) -> None:
        """An unknown session has no caller."""
        await put(store, account("nobody"), grant("a", "nobody"), role())
        assert await _asked(store, "nobody") == Caller()

    async def test_caller_without_an_account(self, store: Store) -> None:
        """A session without an account has neither account nor grants."""
        await put(store, session(owner=None), account(), grant("a"), role())
        assert await _asked(store) == Caller(session=at(1, session(owner=None)))

    async def test_caller_whose_account_is_missing(self, store: Store) -> None:
        """A session is told even if its account was never stored, and so are that account's grants."""
        await put(store, session(), grant("a"), role())
        caller = Caller(session=at(1, session()), grants=(at(1, grant("a")),), roles=(at(1, role()),))
        assert await _asked(store) == caller

    async def test_caller_without_grants(self, store: Store) -> None:
        """An account that was granted nothing has no grants and no roles."""
        await put(store, session(), account(), role(), grant("a", "bob"))
        assert await _asked(store) == Caller(session=at(1, session()), account=account(version=1))

    async def test_caller_has_grants_in_order_with_their_roles(self, store: Store) -> None:
        """Grants are told in order of id, and each brings its role."""
        roles = [role("writer", "text:write"), role("reader", "text:read"), role("admin", "*")]
        grants = [grant(f"{number}", role=role.id) for number, role in enumerate(roles)]
        await put(store, session(), account(), *reversed(grants), *reversed(roles))
        caller = await _asked(store)
        assert caller.grants == tuple(at(1, grant) for grant in grants)
        assert caller.roles == tuple(at(1, role) for role in roles)

    async def test_caller_has_a_role_as_often_as_it_was_granted(self, store: Store) -> None:
        """Two grants of one role bring it twice."""
        await put(store, session(), account(), grant("a"), grant("b"), role())
        assert (await _asked(store)).roles == (at(1, role()), at(1, role()))

    async def test_caller_lost_withdrawn_grants(self, store: Store) -> None:
        """A withdrawn grant is not told, and brings no role."""
        await put(
            store, session(), account(), grant("a", role="admin", deleted_at=MOMENT), grant("b"), role("admin"), role()
        )
        caller = await _asked(store)
        assert caller.grants == (at(1, grant("b")),)
        assert caller.roles == (at(1, role()),)

    async def test_caller_keeps_grants_of_missing_roles(self, store: Store) -> None:
        """A grant is told even if its role was never stored."""
        await put(store, session(), account(), grant("a", role="unknown"), grant("b"), role())
        caller = await _asked(store)
        assert caller.grants == (at(1, grant("a", role="unknown")), at(1, grant("b")))
        assert caller.roles == (at(1, role()),)

    async def test_caller_keeps_what_is_deleted(self, store: Store) -> None:
        """An ended session, a deleted account and a deleted role are told: what follows is decided elsewhere."""
        ended, gone = replace(session(), ended_at=MOMENT, deleted_at=MOMENT), role(deleted_at=MOMENT)
        await put(store, ended, account(deleted_at=MOMENT), grant("a"), gone)
        caller = await _asked(store)
        assert (caller.session, caller.roles) == (at(1, ended), (at(1, gone),))
        assert caller.account == account(version=1, deleted_at=MOMENT)

    async def test_caller_sees_the_last_commit(self, store: Store) -> None:
        """What was revoked, withdrawn or changed shows in the very next answer."""
        await put(store, session(), account(), grant("a"), role())
        await _asked(store)
        changed = [
            at(1, grant("a", deleted_at=MOMENT)),
            account(version=1, epoch=2),
            replace(session(), version=1, epoch=0),
        ]
        await put(store, *changed)
        caller = await _asked(store)
        assert (caller.account, caller.grants) == (account(version=2, epoch=2), ())
        assert caller.session == replace(session(), version=2, epoch=0)

    async def test_caller_compares_exactly(self, store: Store) -> None:
        """Accounts and roles whose names look alike are not mixed up."""
        await put(store, session("s", "ada"), session("S", "Ada"), account("ada"), account("Ada"), account("ada "))
        await put(
            store, grant("a", "ada", role="\u00e9"), grant("b", "Ada", role="e\u0301"), role("\u00e9"), role("e\u0301")
        )
        assert (await _asked(store, "s")).roles == (at(1, role("\u00e9")),)
        assert (await _asked(store, "S")).roles == (at(1, role("e\u0301")),)


async def _asked(store: Store, session_id: str = "session") -> Caller:
    """Ask both ways, and see that the answers are equal."""
    own, derived = _plain(await store.caller(session_id)), _plain(await Reader.caller(store, session_id))
    assert own == derived
    return own


def _plain(caller: Caller) -> Caller:
    return replace(caller, grants=tuple(caller.grants), roles=tuple(caller.roles))
