"""Deciding about the first administrator.  What becomes of it in a store, and of two at once, is tested in flows/."""

import pytest

from authcore import bootstrap, roles
from authcore.bootstrap import FIRST_ADMINISTRATOR
from authcore.entities import Account, AuditEvent, AuditKind, Credential, Grant, Identifier, Milestone, Role
from authcore.errors import IdentifierTaken, RoleMismatch
from tests.core.ada import DECOY, LIVE, NOW, OCCASION, PENDING, USERNAME, claim_on

DONE = Milestone(id=FIRST_ADMINISTRATOR, version=1, created_at=NOW, updated_at=NOW, account_id="a")
EVERYTHING = roles.define("administrator", ["*"])


def decide(**given):
    """Decide, where nobody is there yet unless something else is said."""
    names = {"email": claim_on(), "username": claim_on(name=USERNAME)}
    others = {"definition": EVERYTHING, "secret": "hash", "role": None, "done": None}
    return bootstrap.create(OCCASION, **names | others | given)


def written(kind, decision):
    """What a decision writes of one kind."""
    return [entity for entity in decision.writes if isinstance(entity, kind)]


def test_account_is_verified():
    """The account shows its names as they were written, and is verified from the beginning."""
    decision = decide()
    account = decision.outcome
    assert (account.id, account.email, account.username) == ("new-a", "Ada@example.org", "Ada")
    assert (account.verified_at, account.disabled_at, account.decoy) == (NOW, None, False)
    assert written(Account, decision) == [account]
    assert [credential.secret for credential in written(Credential, decision)] == ["hash"]


def test_address_is_proven():
    """The claim on the address is proven, and the one on the username is what a registration would write."""
    email, username = written(Identifier, decide())
    assert (email.account_id, email.proven_at) == ("new-a", NOW)
    assert (username.account_id, username.proven_at) == ("new-a", None)


def test_username_may_be_left_out():
    """Without a username the address is the only name."""
    decision = decide(username=None)
    assert decision.outcome.username is None
    assert [claim.id for claim in written(Identifier, decision)] == ["email:ada@example.org"]


def test_role_is_created_and_granted():
    """The role is created with what it permits, and granted."""
    decision = decide()
    assert [(role.id, role.permissions) for role in written(Role, decision)] == [("administrator", ("*",))]
    assert [(grant.account_id, grant.role) for grant in written(Grant, decision)] == [("new-a", "administrator")]


def test_trail_says_how_the_account_came_to_be():
    """The account is registered like any other, for a reason that no other has."""
    (event,) = [event for event in written(AuditEvent, decide()) if event.kind is AuditKind.REGISTERED]
    assert (event.account_id, event.reason) == ("new-a", FIRST_ADMINISTRATOR)


def test_everything_is_made_now():
    """Whatever is written is new."""
    assert {(entity.created_at, entity.updated_at) for entity in decide().writes} == {(NOW, NOW)}


def test_what_was_done_is_not_done_again():
    """Once the milestone is there nothing is decided and nothing refused, even if names are taken."""
    for given in ({}, {"email": claim_on(LIVE)}):
        decision = decide(done=DONE, **given)
        assert (decision.outcome, decision.writes, decision.refusal) == (None, (), None)


def test_milestone_is_new():
    """The milestone is inserted, so that of two who decide alike one fails."""
    (milestone,) = written(Milestone, decide())
    assert (milestone.id, milestone.version, milestone.account_id) == (FIRST_ADMINISTRATOR, 0, "new-a")


@pytest.mark.parametrize("holder", [LIVE, PENDING, DECOY], ids=["verified", "pending", "decoy"])
@pytest.mark.parametrize(("field", "name"), [("email", {}), ("username", {"name": USERNAME})])
def test_held_names_are_refused(holder, field, name):
    """A name that any account holds, proven or not, is refused; nothing is written, and the account is not touched."""
    decision = decide(**{field: claim_on(holder, **name)})
    assert isinstance(decision.refusal, IdentifierTaken)
    assert dict(decision.refusal.evidence) == {"field": field}
    assert decision.writes == ()


def test_released_name_is_claimed_again():
    """A name that was released is claimed by a write at its version."""
    released = claim_on(LIVE, account_id=None)
    email, _ = written(Identifier, decide(email=released))
    assert (email.version, email.account_id, email.proven_at) == (released.identifier.version, "new-a", NOW)


def test_other_role_is_refused():
    """A role of that name that grants something else is refused, and nothing is written."""
    role = Role(id="administrator", version=1, created_at=NOW, updated_at=NOW, permissions=("article",))
    decision = decide(role=role)
    assert isinstance(decision.refusal, RoleMismatch)
    assert decision.writes == ()
