"""Taking over what another system kept: once, whole or not at all.  What is decided is tested in core/."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from authcore.auth import Issued
from authcore.entities import (
    Account,
    AuditEvent,
    AuditKind,
    Credential,
    Grant,
    Identifier,
    Message,
    Milestone,
    Role,
)
from authcore.errors import AccountDeleted, AccountDisabled, InvalidCredentials
from authcore.imported_accounts import AccountRecord, Imported, Obstacle, RoleRecord
from authcore.memory import MemoryStore
from authcore.rehearsal import Rehearsal
from authcore.testing import Scenario
from tests.flows.broken_stores import BlindStore, TornStore, everything
from tests.flows.people import (
    ADA,
    BOB,
    NEW_PASSWORD,
    OTHER_PASSWORD,
    PASSWORD,
    QuickHasher,
    change_password,
    code_to,
    do,
    holder,
    join,
    kept,
    log_in,
    refusal,
    register,
    role,
    verify,
)
from tests.flows.playing import expect_broken
from tests.flows.scenarios import empty, names_agree, of, only, opens, took_place

MADE, CHANGED = datetime(2020, 1, 1, tzinfo=UTC), datetime(2021, 1, 1, tzinfo=UTC)
CLERK = RoleRecord(name="clerk", permissions=("file:read,write",), created_at=MADE, updated_at=CHANGED)
RECORD = AccountRecord(
    origin="elsewhere",
    id="17",
    email="Ada@example.org",
    username="Ada",
    secret=QuickHasher().hash(PASSWORD, b"salt"),
    roles=(CLERK,),
    created_at=MADE,
    updated_at=CHANGED,
    verified=True,
)
OTHER = replace(RECORD, id="18", email=BOB, username="ada", secret=QuickHasher().hash(OTHER_PASSWORD, b"salt"))


def take(auth, record=RECORD, **changes):
    """Import an account, with its roles."""
    for each in record.roles:
        do(auth.import_role(each))
    return do(auth.import_account(replace(record, **changes)))


# --- as it was --------------------------------------------------------------------------------------------------------


def test_person_logs_in_as_before(auth):
    """An imported person logs in by either name with the same password, and may do what was permitted."""
    imported = take(auth)
    for name in (ADA, "ada"):
        principal = do(auth.authenticate(log_in(auth, name).token))
        assert (principal.account.id, principal.roles) == (imported.id, ("clerk",))
        assert principal.may(all_of="file:read")
        assert not principal.may(any_of="file:delete")
    names_agree(auth)


def test_import_is_one_commit(auth):
    """An account is one commit with all that belongs to it, and the trail tells of it; nobody is sent anything."""
    imported = take(auth, external=("https://id.example", "1815"))
    role_commit, commit = auth.store.commits
    assert Counter(map(type, role_commit)) == {Role: 1, AuditEvent: 1}
    expected = {Account: 1, Identifier: 3, Credential: 1, Grant: 1, Milestone: 1, AuditEvent: 1}
    assert Counter(map(type, commit)) == expected
    assert {(event.kind, event.account_id, event.reason) for event in kept(auth, AuditEvent)} == {
        (AuditKind.ROLE_IMPORTED, None, "clerk"),
        (AuditKind.ACCOUNT_IMPORTED, imported.id, "elsewhere"),
    }
    assert do(auth.find_account(external=("https://id.example", "1815"))).id == imported.id
    assert kept(auth, Message) == []


def test_former_id_is_found(auth):
    """A record's account is found by the former id for ever, and no other is."""
    imported = take(auth)
    do(auth.delete_account(imported.id))
    assert do(auth.find_imported("elsewhere", "17")) == imported.id
    assert do(auth.find_imported("elsewhere", "18")) is do(auth.find_imported("nowhere", "17")) is None


def test_older_hash_is_renewed(auth, hasher):
    """A hash of other parameters opens the account, and is renewed at the first login."""
    hasher.parameters = 2
    take(auth)
    assert log_in(auth)
    (credential,) = kept(auth, Credential)
    assert not hasher.needs_rehash(credential.secret)


@pytest.mark.parametrize(("state", "told"), [("disabled", AccountDisabled), ("deleted", AccountDeleted)])
def test_whoever_was_kept_out_stays_out(auth, state, told):
    """Who was disabled or deleted is told so after the right password, and comes back by an operator's word."""
    imported = take(auth, **{state: True})
    assert isinstance(refusal(auth.log_in(identifier=ADA, password=PASSWORD)), told)
    do(auth.restore_account(imported.id) if state == "deleted" else auth.enable_account(imported.id))
    assert log_in(auth).session.account_id == imported.id
    names_agree(auth)


def test_deleted_names_stay_taken(auth):
    """Nobody registers under the name of a deleted account that was verified."""
    imported = take(auth, deleted=True)
    register(auth, password=OTHER_PASSWORD)
    assert holder(auth, f"email:{ADA}").id == imported.id


def test_unverified_account_proves_its_address_here(auth):
    """Who was not verified does not log in; registering the address anew, and proving it, gives the same account."""
    imported = take(auth, verified=False)
    assert isinstance(refusal(auth.log_in(identifier=ADA, password=PASSWORD)), InvalidCredentials)
    challenge = register(auth, password=NEW_PASSWORD)
    assert verify(auth, challenge, code_to(auth)).id == imported.id
    assert opens(auth, NEW_PASSWORD)
    assert not opens(auth, PASSWORD)


def test_operator_may_confirm_an_unverified_account(auth):
    """An operator's word proves the address instead, and then the former password opens."""
    do(auth.confirm_account(take(auth, verified=False).id))
    assert log_in(auth)


# --- once, or not at all ----------------------------------------------------------------------------------------------


def test_again_changes_nothing(auth):
    """A record that was imported is left alone, whatever has become of the account since."""
    imported = take(auth)
    change_password(auth, log_in(auth))
    do(auth.withdraw_role(account_id=imported.id, role="clerk"))
    auth.store.commits.clear()
    assert take(auth) == take(auth, email=BOB) == Imported(id=imported.id, known=True)
    assert auth.store.commits == []
    assert opens(auth, NEW_PASSWORD)


@pytest.mark.parametrize("arrive", [join, register], ids=["verified", "pending"])
def test_existing_account_is_not_adopted(auth, arrive):
    """An account that is here already, proven or not, is not touched by a record of the same address."""
    arrive(auth, password=OTHER_PASSWORD)
    before = everything(auth.store)
    assert do(auth.import_account(replace(RECORD, roles=()))) == Imported(obstacles=(Obstacle("email", "taken"),))
    assert everything(auth.store) == before


def test_cause_may_be_mended(auth):
    """What stayed behind is taken once nothing stands in its way any more."""
    bob = join(auth, BOB, username="ada")
    assert take(auth).obstacles == (Obstacle("username", "taken"),)
    assert take(auth, username="countess").id not in {None, bob.id}


@pytest.mark.parametrize("secret", ["$2b$12$notargon2", "argon2", ""])
def test_hash_that_nothing_opens_stands_in_the_way(auth, secret):
    """A hash that no password can ever match is not taken for a password."""
    assert take(auth, secret=secret).obstacles == (Obstacle("password", "unreadable_hash"),)


def test_role_comes_first(auth):
    """An account is not imported before its roles, nor with a role that says something else here."""
    assert do(auth.import_account(RECORD)).obstacles == (Obstacle("role", "missing", role="clerk"),)
    bob = join(auth, BOB)
    do(auth.assign_role(account_id=bob.id, role="clerk", permissions=["everything"]))
    assert do(auth.import_role(CLERK)).obstacles == (Obstacle("permissions", "mismatch"),)
    assert do(auth.import_account(RECORD)).obstacles == (Obstacle("role", "mismatch", role="clerk"),)
    assert role(auth, "clerk").permissions == ("everything",)


# --- rehearsed --------------------------------------------------------------------------------------------------------


def test_rehearsal_tells_what_would_come_of_it(auth, caplog):
    """A rehearsal writes nothing, logs nothing, and tells of each record what importing it tells afterwards."""
    caplog.set_level("INFO", "authcore.security")
    records = [RECORD, replace(RECORD, id="19"), replace(OTHER, username="bob"), OTHER, RECORD]
    rehearsal = Rehearsal(auth.store)
    do(auth.import_role(CLERK, rehearsal=rehearsal))
    expected = [do(auth.import_account(record, rehearsal=rehearsal)) for record in records]
    assert (everything(auth.store), caplog.records) == ([], [])
    do(auth.import_role(CLERK))
    found = [do(auth.import_account(record)) for record in records]
    assert [(each.known, each.obstacles) for each in found] == [(each.known, each.obstacles) for each in expected]
    assert [each.known for each in found] == [False, False, False, True, True]


# --- at the same time -------------------------------------------------------------------------------------------------


def import_flow(record=RECORD):
    """Importing this record, as one flow of a scenario."""
    return lambda auth: auth.import_account(record)


def with_role(store):
    """A world in which the role is there."""
    auth = empty(store)
    do(auth.import_role(CLERK))
    return auth


def two_importers(store=MemoryStore):
    """Two importers meet at one record."""
    auth = with_role(store)

    def check(outcomes, auth):
        only(outcomes, Imported)
        made = kept(auth, Account)
        assert len([name for name in of(outcomes, Imported) if not outcomes[name].known]) <= len(made) <= 1
        assert bool(made) == bool(took_place(outcomes, Imported))
        # Whoever comes next makes up for a crash, and finds what the others have told.
        imported = do(auth.import_account(RECORD))
        assert imported.obstacles == ()
        assert {outcomes[name].id for name in of(outcomes, Imported)} <= {imported.id}
        (account,) = kept(auth, Account)
        assert [mark.account_id for mark in kept(auth, Milestone)] == [account.id] == [imported.id]
        assert [grant.account_id for grant in kept(auth, Grant)] == [account.id]
        assert [event.kind for event in kept(auth, AuditEvent)].count(AuditKind.ACCOUNT_IMPORTED) == 1
        assert opens(auth, PASSWORD)
        names_agree(auth)

    return Scenario(auth=auth, flows={"a": import_flow(), "b": import_flow()}, check=check)


def one_name_twice(store=MemoryStore):
    """Two importers meet where two records name one username."""
    auth = with_role(store)

    def check(outcomes, auth):
        only(outcomes, Imported)
        whole = [name for name in of(outcomes, Imported) if outcomes[name].id]
        assert len(whole) <= len(kept(auth, Account)) <= 1
        assert {outcomes[name].obstacles for name in of(outcomes, Imported)} <= {(), (Obstacle("username", "taken"),)}
        names_agree(auth)
        assert len(kept(auth, Credential)) == len(kept(auth, Milestone)) == len(kept(auth, Account))

    return Scenario(auth=auth, flows={"a": import_flow(), "b": import_flow(OTHER)}, check=check)


def stranger_meanwhile(store=MemoryStore):
    """A stranger registers the address of a record while it is imported."""
    auth = with_role(store)
    flows = {"importer": import_flow(), "stranger": lambda auth: auth.register(email=ADA, password=OTHER_PASSWORD)}

    def check(outcomes, auth):
        only(outcomes, Imported, Issued)
        names_agree(auth)
        granted = {grant.account_id for grant in kept(auth, Grant)}
        assert granted == {mark.account_id for mark in kept(auth, Milestone)}
        if granted:
            assert opens(auth, PASSWORD)
        assert isinstance(refusal(auth.log_in(identifier=ADA, password=OTHER_PASSWORD)), InvalidCredentials)

    return Scenario(auth=auth, flows=flows, check=check)


LAWS = {
    "of two importers one imports a record": two_importers,
    "of two records one has a name": one_name_twice,
    "no stranger becomes whoever is imported": stranger_meanwhile,
}


@pytest.mark.parametrize("scenario", LAWS.values(), ids=LAWS.keys())
def test_law_holds_in_every_order(scenario, explore):
    """The law holds whoever is first, and whoever crashes."""
    explored = explore(scenario, crashes=True)
    assert explored.crashes > explored.orders > 1


@pytest.mark.parametrize(
    ("scenario", "store"),
    [
        (two_importers, BlindStore),
        (one_name_twice, BlindStore),
        (one_name_twice, TornStore),
        (stranger_meanwhile, BlindStore),
    ],
)
def test_law_is_broken_by_a_broken_store(scenario, store):
    """The same search finds an order in which the law does not hold, once the store breaks its own."""
    expect_broken(scenario, store)
