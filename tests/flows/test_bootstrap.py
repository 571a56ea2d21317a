"""The first administrator: made once, whoever comes first, and of nobody's account."""

from collections import Counter
from functools import partial

import pytest

from authcore.auth import Issued
from authcore.bootstrap import FIRST_ADMINISTRATOR, FirstAdministrator
from authcore.entities import Account, AuditEvent, AuditKind, Credential, Grant, Identifier, Milestone, Role
from authcore.errors import (
    IdentifierTaken,
    InvalidCredentials,
    InvalidIdentifier,
    InvalidPassword,
    InvalidPermission,
    RoleMismatch,
)
from authcore.memory import MemoryStore
from authcore.testing import Scenario
from tests.flows.broken_stores import BlindStore, TornStore
from tests.flows.people import (
    ADA,
    BOB,
    NEW_PASSWORD,
    OTHER_PASSWORD,
    PASSWORD,
    change_password,
    do,
    holder,
    join,
    kept,
    log_in,
    put,
    refusal,
    register,
    role,
    stored,
)
from tests.flows.playing import expect_broken
from tests.flows.scenarios import empty, names_agree, of, only, opens, took_place

ROOT = FirstAdministrator(email=ADA, password=PASSWORD, username="root")


def create(auth, first=ROOT, **more):
    """Make the first administrator, as a server does when it starts."""
    return do(auth.create_first_administrator(first, **more))


def refused(auth, first=ROOT, **more):
    """How that is refused."""
    return refusal(auth.create_first_administrator(first, **more))


# --- once -------------------------------------------------------------------------------------------------------------


def test_administrator_may_do_everything(auth):
    """The first administrator is verified, logs in by either name without a code, and has the role that permits all."""
    account = create(auth)
    assert (account.email, account.username, account.verified_at) == (ADA, "root", auth.clock.now())
    assert {log_in(auth, name).session.account_id for name in (ADA, "root")} == {account.id}
    assert role(auth, "administrator").permissions == ("*",)
    assert [(grant.account_id, grant.role) for grant in kept(auth, Grant)] == [(account.id, "administrator")]
    assert auth.courier.letters == []
    names_agree(auth)


def test_administrator_is_one_commit(auth):
    """Account, names, password, role and the mark that it was done are one commit, and the trail tells of it."""
    account = create(auth)
    (writes,) = auth.store.commits
    assert Counter(map(type, writes)) == {
        Account: 1,
        Identifier: 2,
        Credential: 1,
        Role: 1,
        Grant: 1,
        Milestone: 1,
        AuditEvent: 2,
    }
    assert {(event.kind, event.account_id, event.reason) for event in kept(auth, AuditEvent)} == {
        (AuditKind.REGISTERED, account.id, FIRST_ADMINISTRATOR),
        (AuditKind.ROLE_ASSIGNED, account.id, "administrator"),
    }


def test_restart_changes_nothing(auth, hasher):
    """Once there was a first administrator, a restart writes nothing and hashes nothing, whatever it is told."""
    create(auth)
    auth.store.commits.clear()
    runs = hasher.runs.copy()
    for first in (ROOT, FirstAdministrator(email=BOB, password=OTHER_PASSWORD)):
        assert create(auth, first) is None
    assert create(auth, FirstAdministrator(email="", password=""), role="", permissions=[":"]) is None
    assert (auth.store.commits, hasher.runs) == ([], runs)


def test_withdrawn_role_is_not_granted_again(auth):
    """A role that was taken from the first administrator is not given back by a restart."""
    account = create(auth)
    do(auth.withdraw_role(account_id=account.id, role="administrator"))
    assert create(auth) is None
    (grant,) = kept(auth, Grant)
    assert grant.deleted_at is not None


def test_changed_password_is_not_set_again(auth):
    """A restart brings no password back."""
    create(auth)
    change_password(auth, log_in(auth))
    assert create(auth) is None
    assert opens(auth, NEW_PASSWORD)
    assert not opens(auth, PASSWORD)


@pytest.mark.parametrize("change", ["disabled_at", "deleted_at"])
def test_lost_administrator_is_not_replaced(auth, change):
    """A first administrator that was disabled or deleted is neither restored nor followed by another one."""
    account = put(auth, create(auth), **{change: auth.clock.now()})
    assert create(auth) is None
    assert create(auth, FirstAdministrator(email=BOB, password=OTHER_PASSWORD)) is None
    assert kept(auth, Account) == [account]


# --- of nobody's account ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arrive", [join, register], ids=["verified", "pending"])
@pytest.mark.parametrize(
    ("first", "field"),
    [
        (FirstAdministrator(email=ADA, password=NEW_PASSWORD), "email"),
        (FirstAdministrator(email=BOB, password=NEW_PASSWORD, username="ROOT"), "username"),
    ],
    ids=["email", "username"],
)
def test_existing_account_is_not_adopted(auth, arrive, first, field):
    """An account that holds the address or the username, verified or not, is refused, and nothing is written."""
    arrive(auth, username="root")
    auth.store.commits.clear()
    taken = refused(auth, first)
    assert isinstance(taken, IdentifierTaken)
    assert dict(taken.evidence) == {"field": field}
    assert not auth.store.commits
    assert not kept(auth, Grant)


def test_released_names_are_claimed(auth):
    """A name that nobody holds any more is claimed again."""
    register(auth, email=BOB, username="root")
    register(auth, email=BOB)
    account = create(auth)
    assert holder(auth, "username:root") == stored(auth, account)
    names_agree(auth)


def test_refused_administrator_can_be_made_later(auth):
    """A refusal is not the last word: the operator gives another address, or a better password."""
    join(auth)
    assert refused(auth) is not None
    assert create(auth, FirstAdministrator(email=BOB, password=NEW_PASSWORD)) is not None


def test_address_is_the_administrators_own(auth):
    """Whoever registers the address afterwards meets a taken one, and changes nothing."""
    account = create(auth)
    register(auth, password=OTHER_PASSWORD)
    do(auth.deliver_due())
    assert [letter.kind for letter in auth.courier.letters] == ["already_registered"]
    assert stored(auth, account).version == 1
    assert not opens(auth, OTHER_PASSWORD)


# --- as everybody -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "more", "kind"),
    [
        (FirstAdministrator(email="root", password=PASSWORD), {}, InvalidIdentifier),
        (FirstAdministrator(email=ADA, password=PASSWORD, username="a b"), {}, InvalidIdentifier),
        (FirstAdministrator(email=ADA, password="short"), {}, InvalidPassword),
        (FirstAdministrator(email=ADA, password="administrator12345"), {}, InvalidPassword),
        (FirstAdministrator(email=ADA, password="ada@example.org"), {}, InvalidPassword),
        (ROOT, {"permissions": ["a::b"]}, InvalidPermission),
    ],
    ids=["email", "username", "short", "common", "own words", "permission"],
)
def test_rules_hold_for_operators(auth, first, more, kind):
    """Names, password and permissions are judged as everybody's, and nothing is written."""
    assert isinstance(refused(auth, first, **more), kind)
    assert not auth.store.commits


def test_known_role_is_not_changed(auth):
    """A role of that name that grants something else is refused; one that grants the same is used."""
    bob = join(auth, BOB, OTHER_PASSWORD)
    do(auth.assign_role(account_id=bob.id, role="administrator", permissions=["article"]))
    assert isinstance(refused(auth), RoleMismatch)
    do(auth.assign_role(account_id=bob.id, role="root", permissions=["*"]))
    assert create(auth, role="root") is not None
    assert role(auth, "root").version == 1


def test_role_may_be_another_one(auth):
    """The application chooses the role's name, and what it permits."""
    create(auth, role="operator", permissions=["site", "account:read"])
    assert role(auth, "operator").permissions == ("account:read", "site")


# --- at the same time -------------------------------------------------------------------------------------------------


def two_workers(store=MemoryStore, *, others=ROOT):
    """Two workers of one server start at the same time."""
    auth = empty(store)
    flows = {"a": create_flow(ROOT), "b": create_flow(others)}

    def check(outcomes, auth):
        only(outcomes, Account, type(None))
        made = kept(auth, Account)
        assert len(of(outcomes, Account)) <= len(made) <= 1
        assert bool(made) == bool(took_place(outcomes, Account) or of(outcomes, type(None)))
        # Whoever starts next makes up for a crash, and there is one in the end.
        create(auth)
        (account,) = kept(auth, Account)
        assert [grant.account_id for grant in kept(auth, Grant)] == [account.id]
        assert [mark.account_id for mark in kept(auth, Milestone)] == [account.id]
        assert Counter(event.kind for event in kept(auth, AuditEvent)) == {
            AuditKind.REGISTERED: 1,
            AuditKind.ROLE_ASSIGNED: 1,
        }
        assert opens(auth, PASSWORD if account.email == ADA else OTHER_PASSWORD, account.email)
        names_agree(auth)

    return Scenario(auth=auth, flows=flows, check=check)


def create_flow(first):
    """Making this administrator, as one flow of a scenario."""
    return lambda auth: auth.create_first_administrator(first)


two_different_workers = partial(two_workers, others=FirstAdministrator(email=BOB, password=OTHER_PASSWORD))


def stranger_meanwhile(store=MemoryStore):
    """A stranger registers the administrator's address while the first worker starts."""
    auth = empty(store)
    flows = {
        "worker": create_flow(ROOT),
        "stranger": lambda auth: auth.register(email=ADA, password=OTHER_PASSWORD),
    }

    def check(outcomes, auth):
        only(outcomes, Account, Issued, IdentifierTaken)
        names_agree(auth)
        granted = {grant.account_id for grant in kept(auth, Grant)}
        claimed = holder(auth, f"email:{ADA}")
        if granted:
            assert granted == {claimed.id}
            assert opens(auth, PASSWORD)
        else:
            assert not kept(auth, Milestone)
        # Whoever was first, the stranger's password opens nothing.
        assert isinstance(refusal(auth.log_in(identifier=ADA, password=OTHER_PASSWORD)), InvalidCredentials)

    return Scenario(auth=auth, flows=flows, check=check)


LAWS = {
    "of two workers one makes the administrator": two_workers,
    "of two workers that are told otherwise one makes the administrator": two_different_workers,
    "no stranger becomes the administrator": stranger_meanwhile,
}


@pytest.mark.parametrize("scenario", LAWS.values(), ids=LAWS.keys())
def test_law_holds_in_every_order(scenario, explore):
    """The law holds whoever is first, and whoever crashes."""
    explored = explore(scenario, crashes=True)
    assert explored.crashes > explored.orders > 1


@pytest.mark.parametrize(
    ("scenario", "store"),
    [
        (two_workers, BlindStore),
        (two_different_workers, BlindStore),
        (stranger_meanwhile, BlindStore),
        (stranger_meanwhile, TornStore),
    ],
)
def test_law_is_broken_by_a_broken_store(scenario, store):
    """The same search finds an order in which the law does not hold, once the store breaks its own."""
    expect_broken(scenario, store)
