"""Deciding about the life of an account."""

from dataclasses import replace
from functools import partial

import pytest

from authcore import accounts, lifecycle
from authcore.entities import Account, AuditEvent, AuditKind, Identifier, Message, MessageKind
from authcore.errors import AccountErased, AccountNotFound, AccountUnverified, IdentifierTaken, StateUnchanged
from authcore.identifiers import IdentifierKind
from tests.core.ada import BEFORE, DECOY, EMAIL, LIVE, NOW, OCCASION, PENDING, USERNAME, claim_on, identifier_of

DISABLED, DELETED, CONFIRMED, GUARDED = (
    replace(LIVE, **{field: value})
    for field, value in (("disabled_at", NOW), ("deleted_at", NOW), ("verified_at", NOW), ("second_factor", True))
)
STRANGER = replace(LIVE, id="b")

CHANGES = {
    "disable": (lifecycle.disable, LIVE, DISABLED, AuditKind.ACCOUNT_DISABLED),
    "enable": (lifecycle.enable, DISABLED, LIVE, AuditKind.ACCOUNT_ENABLED),
    "delete": (partial(lifecycle.delete, held=()), LIVE, DELETED, AuditKind.ACCOUNT_DELETED),
    "restore": (partial(lifecycle.restore, claims=()), DELETED, LIVE, AuditKind.ACCOUNT_RESTORED),
    "confirm": (partial(lifecycle.confirm, claim=claim_on(PENDING)), PENDING, CONFIRMED, AuditKind.ACCOUNT_CONFIRMED),
    "require": (
        partial(lifecycle.require_second_factor, required=True), LIVE, GUARDED, AuditKind.SECOND_FACTOR_CHANGED,
    ),
    "spare": (
        partial(lifecycle.require_second_factor, required=False), GUARDED, LIVE, AuditKind.SECOND_FACTOR_CHANGED,
    ),
}  # fmt: skip
"""What changes an account from one state to another, and what the trail says of it."""

each_change = pytest.mark.parametrize(("change", "before", "after", "kind"), CHANGES.values(), ids=CHANGES.keys())


@each_change
def test_changes_end_what_was_open(change, before, after, kind):
    """Each change makes its state, in a new epoch, and the trail says which it was, in the same commit."""
    decision = change(OCCASION, account=before)
    changed = decision.settle()
    assert changed == replace(after, epoch=before.epoch + 1, updated_at=NOW)
    assert changed in decision.writes
    (event,) = [entity for entity in decision.writes if getattr(entity, "kind", None) is kind]
    assert event.account_id == before.id


@each_change
def test_second_time_is_refused(change, before, after, kind):
    """What is so already is refused, and nothing is written."""
    decision = change(OCCASION, account=after)
    assert (type(decision.refusal), decision.writes) == (StateUnchanged, ())


@each_change
def test_strangers_are_not_there(change, before, after, kind):
    """Neither nobody nor a decoy can be changed, whatever its state."""
    for account in (None, replace(before, decoy=True), replace(after, decoy=True)):
        decision = change(OCCASION, account=account)
        assert (type(decision.refusal), decision.writes) == (AccountNotFound, ())


@pytest.mark.parametrize("name", CHANGES.keys() - {"delete", "restore"})
def test_deleted_accounts_are_not_there(name):
    """Of a deleted account nothing can be changed but that it is deleted."""
    change, before, _, _ = CHANGES[name]
    assert type(change(OCCASION, account=replace(before, deleted_at=NOW)).refusal) is AccountNotFound


@pytest.mark.parametrize(
    ("account", "is_visible"),
    [(None, False), (LIVE, True), (PENDING, True), (DISABLED, True), (DECOY, False), (DELETED, False)],
)
def test_who_is_visible(account, is_visible):
    """Operators see whoever is unproven or disabled, and neither decoys nor the deleted."""
    assert lifecycle.visible(account) is (account if is_visible else None)


def test_names_that_are_shown():
    """An account shows each of its names in canonical form."""
    account = replace(LIVE, phone="+4930123456")
    assert [name.id for name in lifecycle.names_shown(account)] == [EMAIL.id, "phone:+4930123456", USERNAME.id]
    assert list(lifecycle.names_shown(None)) == []


class TestDeleting:
    """What becomes of the names of whoever is deleted."""

    def test_names_stay_taken(self):
        """A proven account's names are not written: nobody takes them."""
        writes = lifecycle.delete(OCCASION, account=LIVE, held=[identifier_of()]).writes
        assert not [entity for entity in writes if isinstance(entity, Identifier)]

    def test_unproven_names_are_released(self):
        """What was never proven was never held against anybody, and is free at once."""
        held = [identifier_of(held_by=PENDING), identifier_of(USERNAME, held_by=PENDING)]
        writes = lifecycle.delete(OCCASION, account=PENDING, held=held).writes
        released = [entity for entity in writes if isinstance(entity, Identifier)]
        assert released == [replace(name, updated_at=NOW, account_id=None, former_id="a") for name in held]


class TestRestoring:
    """The way back for whoever was deleted."""

    def test_tombstones_stay_where_they_are(self):
        """What was erased comes back by nobody's word."""
        decision = lifecycle.restore(OCCASION, account=replace(DELETED, erased_at=NOW), claims=[claim_on(DELETED)])
        assert (type(decision.refusal), decision.writes) == (AccountErased, ())

    def test_own_names_are_left_alone(self):
        """Names that are the account's own are not written."""
        writes = lifecycle.restore(OCCASION, account=DELETED, claims=[claim_on(DELETED)]).writes
        assert not [entity for entity in writes if isinstance(entity, Identifier)]

    @pytest.mark.parametrize(
        "holder", [STRANGER, replace(STRANGER, verified_at=None), replace(STRANGER, deleted_at=NOW)]
    )
    def test_names_of_others_are_refused(self, holder):
        """A name that somebody else holds by now, proven or not, keeps the account deleted."""
        decision = lifecycle.restore(
            OCCASION, account=DELETED, claims=[claim_on(DELETED), claim_on(holder, name=USERNAME)]
        )
        assert (type(decision.refusal), decision.writes) == (IdentifierTaken, ())
        assert decision.refusal.evidence == {"field": "username"}

    @pytest.mark.parametrize("was_stored", [True, False])
    @pytest.mark.parametrize(
        ("before", "proven_at"),
        [(DELETED, NOW), (replace(DELETED, verified_at=None), None)],
        ids=["proven", "unproven"],
    )
    def test_free_names_are_claimed_again(self, before, proven_at, was_stored):
        """Names that are free are the account's again, and its address is as proven as it was."""
        released = identifier_of(held_by=None, proven_at=NOW) if was_stored else None
        claims = [replace(claim_on(), identifier=released), claim_on(name=USERNAME)]
        writes = lifecycle.restore(OCCASION, account=before, claims=claims).writes
        email, username = [entity for entity in writes if isinstance(entity, Identifier)]
        assert (email.id, email.kind, email.account_id) == (EMAIL.id, IdentifierKind.EMAIL, before.id)
        assert (email.proven_at, email.version) == (proven_at, 2 if was_stored else 0)
        assert (username.id, username.account_id, username.proven_at) == (USERNAME.id, before.id, None)

    def test_other_states_stay(self):
        """Whoever was disabled, or unproven, before being deleted is so afterwards."""
        before = replace(DELETED, disabled_at=NOW, verified_at=None)
        after = lifecycle.restore(OCCASION, account=before, claims=()).settle()
        assert (after.disabled_at, after.verified_at) == (NOW, None)


class TestConfirming:
    """An operator's word for a code."""

    def test_address_is_proven(self):
        """The claim on the address is proven with the account."""
        writes = lifecycle.confirm(OCCASION, account=PENDING, claim=claim_on(PENDING)).writes
        (proven,) = [entity for entity in writes if isinstance(entity, Identifier)]
        assert proven == replace(identifier_of(EMAIL, held_by=PENDING), updated_at=NOW, proven_at=NOW)

    @pytest.mark.parametrize("claim", [None, claim_on(), claim_on(STRANGER)], ids=["none", "free", "another's"])
    def test_address_of_another_is_not(self, claim):
        """An address that is not the account's own is never proven for it."""
        decision = lifecycle.confirm(OCCASION, account=PENDING, claim=claim)
        assert (type(decision.refusal), decision.writes) == (IdentifierTaken, ())
        assert decision.refusal.cause == "not its own"

    def test_disabled_accounts_stay_so(self):
        """Proving an address lets nobody in who was disabled."""
        before = replace(PENDING, disabled_at=NOW)
        assert lifecycle.confirm(OCCASION, account=before, claim=claim_on(before)).settle().disabled_at == NOW


@pytest.mark.parametrize(("account", "is_told"), [(LIVE, True), (PENDING, False)], ids=["proven", "unproven"])
def test_owner_is_told_of_the_factor(account, is_told):
    """A change of the second factor is told to the owner, at an address that was proven."""
    writes = lifecycle.require_second_factor(OCCASION, account=account, required=True).writes
    told = [(entity.kind, entity.destination) for entity in writes if isinstance(entity, Message)]
    assert told == ([(MessageKind.SECOND_FACTOR_CHANGED, LIVE.email)] if is_told else [])


@pytest.mark.parametrize(("required", "reason"), [(True, "on"), (False, "off")])
def test_trail_says_which_way(required, reason):
    """The trail tells turning the factor on from turning it off."""
    account = replace(LIVE, second_factor=not required)
    writes = lifecycle.require_second_factor(OCCASION, account=account, required=required).writes
    assert [entity.reason for entity in writes if hasattr(entity, "reason")] == [reason]


@pytest.mark.parametrize("name", sorted(CHANGES.keys() - {"require", "spare"}))
def test_trail_gives_no_other_reason(name):
    """Of every other change the trail needs to say no more than which it was."""
    change, before, _, _ = CHANGES[name]
    assert [entity.reason for entity in change(OCCASION, account=before).writes if hasattr(entity, "reason")] == [""]


class TestRequiringRecovery:
    """Having no password open an account until its owner has set a new one."""

    CREDENTIAL = accounts.password_credential(None, LIVE, "old", now=BEFORE)

    def test_password_is_blanked(self):
        """The hash becomes one that no password has, every session ends, and the owner and the trail are told."""
        decision = lifecycle.require_recovery(OCCASION, account=LIVE, credential=self.CREDENTIAL, secret="none")
        account, credential, notice, event = decision.writes
        assert decision.settle() is account
        assert account == replace(LIVE, epoch=LIVE.epoch + 1, updated_at=NOW)
        assert credential == replace(self.CREDENTIAL, secret="none", changed_at=NOW, updated_at=NOW)
        assert (notice.kind, notice.account_id, notice.destination) == (
            MessageKind.PASSWORD_CHANGED,
            LIVE.id,
            LIVE.email,
        )
        assert (event.kind, event.account_id, event.reason) == (AuditKind.PASSWORD_CHANGED, LIVE.id, "required")

    def test_account_without_a_password_gets_none(self):
        """Where there is no password none is made."""
        decision = lifecycle.require_recovery(OCCASION, account=LIVE, credential=None, secret="none")
        assert [type(each) for each in decision.writes] == [Account, Message, AuditEvent]

    @pytest.mark.parametrize(
        ("account", "refusal"),
        [(None, AccountNotFound), (DECOY, AccountNotFound), (DELETED, AccountNotFound), (PENDING, AccountUnverified)],
        ids=["nobody", "decoy", "deleted", "unproven"],
    )
    def test_unfit_accounts_are_refused(self, account, refusal):
        """What operators do not see is not there, and what no code could open again is left as it is."""
        decision = lifecycle.require_recovery(OCCASION, account=account, credential=self.CREDENTIAL, secret="none")
        assert (type(decision.refusal), decision.writes) == (refusal, ())
