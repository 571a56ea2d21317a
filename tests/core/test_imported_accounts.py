"""Deciding about records of another system.  What becomes of them in a store, and of two at once, is in flows/."""

from dataclasses import replace

import pytest

from authcore import imported_accounts, roles
from authcore.accounts import standing
from authcore.entities import Account, AuditEvent, AuditKind, Credential, Grant, Identifier, Milestone, Role
from authcore.errors import AccountDeleted, AccountDisabled, AccountUnverified
from authcore.imported_accounts import AccountRecord, Imported, Obstacle, RoleRecord
from tests.core.ada import BEFORE, DECOY, EMAIL, LIVE, NOW, OCCASION, PENDING, claim_on

MADE = BEFORE.replace(year=2020)
CLERK = RoleRecord(name="clerk", permissions=("file:write,read",), created_at=MADE, updated_at=BEFORE)
RECORD = AccountRecord(
    origin="elsewhere",
    id="17",
    email="Ada@Example.org",
    phone="+44 20 7946 0018",
    username="Ada",
    external=("https://id.example", "1815"),
    secret="hash",
    created_at=MADE,
    updated_at=BEFORE,
    verified=True,
)
KEPT = Role(id="clerk", version=1, created_at=MADE, updated_at=BEFORE, permissions=("file:read,write",))
DONE = Milestone(id="import/elsewhere/17", version=1, created_at=NOW, updated_at=NOW, account_id="a")


def decide(record=RECORD, *, claims=None, here=KEPT, readable=True, done=None, **changes):
    """Decide about a record, where nobody holds its names unless something else is said."""
    record = replace(record, **changes)
    reading = imported_accounts.read(record)
    return imported_accounts.import_account(
        OCCASION,
        record=record,
        reading=reading,
        claims=[claim_on(name=name) for name in reading.names] if claims is None else claims,
        roles_here={role.name: here for role in record.roles},
        readable=readable,
        done=done,
    )


def decide_role(record=CLERK, role=None, **changes):
    """Decide about a role."""
    return imported_accounts.import_role(OCCASION, record=replace(record, **changes), role=role)


def written(kind, decision):
    """What a decision writes of one kind."""
    return [entity for entity in decision.writes if isinstance(entity, kind)]


def obstacles(decision):
    """What stands in the way; and then nothing is written, and nothing refused."""
    assert (decision.writes, decision.refusal, decision.outcome.id) == ((), None, None)
    return decision.outcome.obstacles


# --- accounts ---------------------------------------------------------------------------------------------------------


def test_account_is_as_it_was():
    """The account shows its names as they were written, has its password, and is as old as it was."""
    decision = decide()
    (account,) = written(Account, decision)
    assert decision.outcome == Imported(id="new-a")
    assert (account.id, account.email, account.username) == ("new-a", "Ada@example.org", "Ada")
    assert (account.phone, account.created_at, account.updated_at) == ("+442079460018", MADE, BEFORE)
    assert standing(account) is None
    assert [(each.secret, each.changed_at) for each in written(Credential, decision)] == [("hash", BEFORE)]


def test_names_are_claimed():
    """Every name is claimed; proven are the address that messages go to, and the external identity."""
    claims = {each.id: each.proven_at is not None for each in written(Identifier, decide())}
    assert claims == {
        "email:ada@example.org": True,
        "phone:+442079460018": False,
        "username:ada": False,
        "external:https://id.example#1815": True,
    }


def test_phone_is_proven_where_it_is_the_address():
    """Without an email address messages go to the phone, and it is what was verified."""
    claims = {each.kind.value: each.proven_at is not None for each in written(Identifier, decide(email=None))}
    assert claims == {"phone": True, "username": False, "external": True}


@pytest.mark.parametrize(
    ("state", "refusal"),
    [
        ({"verified": False, "external": None}, AccountUnverified),
        ({"disabled": True}, AccountDisabled),
        ({"deleted": True}, AccountDeleted),
    ],
    ids=["unverified", "disabled", "deleted"],
)
def test_state_is_kept(state, refusal):
    """Whoever was kept out stays out, since the record was last written at the latest."""
    (account,) = written(Account, decide(**state))
    assert isinstance(standing(account), refusal)
    assert {account.verified_at, account.disabled_at, account.deleted_at} <= {None, BEFORE}


def test_unverified_address_is_not_proven():
    """An account that was not verified has proven nothing, and holds its names as a registration does."""
    claims = written(Identifier, decide(verified=False, external=None))
    assert [(each.account_id, each.proven_at) for each in claims] == [("new-a", None)] * 3


@pytest.mark.parametrize(("verified", "held"), [(True, 3), (False, 0)])
def test_deleted_account_keeps_what_it_had_proven(verified, held):
    """A deleted account keeps its names if it was verified; otherwise they are free, as after deleting it here."""
    taken = [] if verified else [claim_on(LIVE)]
    decision = decide(deleted=True, verified=verified, external=None, claims=taken or None)
    assert len(written(Identifier, decision)) == held
    assert decision.outcome.id == "new-a"


def test_password_may_be_missing():
    """An account without a password has none here."""
    assert written(Credential, decide(secret=None)) == []


def test_released_name_is_claimed_again():
    """A name that was released is claimed by a write at its version."""
    (claim,) = written(Identifier, decide(claims=[claim_on(LIVE, account_id=None)]))
    assert (claim.version, claim.account_id) == (2, "new-a")


def test_mark_is_left():
    """The milestone names record and account, and is inserted, so that of two who decide alike one fails."""
    assert written(Milestone, decide()) == [
        Milestone(id="import/elsewhere/17", created_at=NOW, updated_at=NOW, account_id="new-a")
    ]


def test_trail_says_where_it_comes_from():
    """One event tells of the account, and from where it came."""
    events = [(event.kind, event.account_id, event.reason) for event in written(AuditEvent, decide(roles=(CLERK,)))]
    assert events == [(AuditKind.ACCOUNT_IMPORTED, "new-a", "elsewhere")]


def test_what_was_done_is_not_done_again():
    """Once the mark is there nothing is written, whatever the record says now, and whoever has its names."""
    for given in ({}, {"email": "nonsense"}, {"claims": [claim_on(LIVE)]}, {"readable": False}):
        decision = decide(done=DONE, **given)
        assert (decision.outcome, decision.writes) == (Imported(id="a", known=True), ())


@pytest.mark.parametrize("holder", [LIVE, PENDING, DECOY], ids=["verified", "pending", "decoy"])
def test_held_name_stands_in_the_way(holder):
    """A name that any account holds, proven or not, stands in the way, and that account is not touched."""
    assert obstacles(decide(claims=[claim_on(holder)])) == (Obstacle("email", "taken"),)


def test_every_obstacle_is_told():
    """All that stands in the way is told at once."""
    record = {"email": "ada", "phone": "020 7946 0018", "username": "a b", "external": ("", "1"), "roles": (CLERK,)}
    assert obstacles(decide(**record, here=None, readable=False)) == (
        Obstacle("email", "no_at_sign"),
        Obstacle("phone", "not_international"),
        Obstacle("username", "forbidden_character"),
        Obstacle("issuer", "empty"),
        Obstacle("password", "unreadable_hash"),
        Obstacle("role", "missing", role="clerk"),
    )


def test_account_needs_an_address():
    """Without an address nobody could ever be told anything."""
    assert obstacles(decide(email=None, phone=None)) == (Obstacle("email", "missing"),)


def test_identity_needs_a_proven_address():
    """An external identity is nobody's whose address is not proven: whoever proves it may be somebody else."""
    assert obstacles(decide(verified=False)) == (Obstacle("external", "account_unverified"),)


def test_what_no_store_keeps_stands_in_the_way():
    """A value that no store could keep is an obstacle like any other."""
    assert obstacles(decide(secret="x" * 513)) == (Obstacle("secret", "too_long"),)


def test_roles_are_granted():
    """The account has each role of the record."""
    grant = Grant(id=roles.grant_id("new-a", "clerk"), created_at=NOW, updated_at=NOW, account_id="new-a", role="clerk")
    assert written(Grant, decide(roles=(CLERK,))) == [grant]


def test_deleted_role_gives_nothing():
    """The grant of a role that is deleted is kept as one that was withdrawn: it does not come back with the role."""
    deleted = replace(KEPT, deleted_at=NOW)
    (grant,) = written(Grant, decide(roles=(replace(CLERK, deleted=True),), here=deleted))
    assert grant.deleted_at == NOW


@pytest.mark.parametrize(
    ("role", "here", "reason"),
    [
        (CLERK, replace(KEPT, permissions=("file",)), "mismatch"),
        (CLERK, replace(KEPT, deleted_at=NOW), "mismatch"),
        (replace(CLERK, deleted=True), KEPT, "mismatch"),
        (replace(CLERK, permissions=("a::b",)), KEPT, "empty_part"),
    ],
)
def test_other_role_stands_in_the_way(role, here, reason):
    """Nobody is given a role that says something else here than there."""
    assert obstacles(decide(roles=(role,), here=here)) == (Obstacle("role", reason, role="clerk"),)


# --- roles ------------------------------------------------------------------------------------------------------------


def test_role_is_kept():
    """A role is kept under its name, as old as it was, with its permissions in canonical form; the trail tells."""
    decision = decide_role(description="Files files")
    (role,) = written(Role, decision)
    assert decision.outcome == Imported(id="clerk")
    assert (role.id, role.permissions, role.description) == ("clerk", ("file:read,write",), "Files files")
    assert (role.created_at, role.updated_at, role.deleted_at) == (MADE, BEFORE, None)
    events = [(event.kind, event.account_id, event.reason) for event in written(AuditEvent, decision)]
    assert events == [(AuditKind.ROLE_IMPORTED, None, "clerk")]


def test_long_name_is_a_name():
    """A role's name may have 64 characters."""
    assert decide_role(name="r" * 64).outcome == Imported(id="r" * 64)


def test_deleted_role_stays_deleted():
    """A role that was deleted is kept as one that is deleted."""
    (role,) = written(Role, decide_role(deleted=True))
    assert role.deleted_at == NOW


def test_same_role_is_known():
    """A role that is here, and permits the same, is left alone."""
    decision = decide_role(role=KEPT, description="another one")
    assert (decision.outcome, decision.writes) == (Imported(id="clerk", known=True), ())


@pytest.mark.parametrize("here", [replace(KEPT, permissions=("file",)), replace(KEPT, deleted_at=NOW)])
def test_other_role_is_never_changed(here):
    """A role that is here, and says something else, stays as it is."""
    assert obstacles(decide_role(role=here)) == (Obstacle("permissions", "mismatch"),)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"permissions": ("file:",)}, Obstacle("permission", "empty_part")),
        ({"permissions": (7,)}, Obstacle("permission", "not_text")),
        ({"name": ""}, Obstacle("role", "malformed")),
        ({"name": "r" * 65}, Obstacle("role", "too_long")),
        ({"description": "d" * 256}, Obstacle("description", "too_long")),
    ],
)
def test_malformed_role_stays_behind(changes, expected):
    """What cannot be said here is told, and not mended."""
    assert obstacles(decide_role(**changes)) == (expected,)


def test_secret_is_not_shown():
    """No hash is shown by a record's `repr`."""
    assert "hash" not in repr(RECORD)
    assert EMAIL.display.partition("@")[0] in repr(RECORD)
