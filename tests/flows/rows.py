"""Every flow that touches Ada's account or Eve's registration, as a table: how it starts, and how it may end."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field

from authcore.audit import session_digest
from authcore.auth import Auth, Identified, Issued
from authcore.entities import Account, AuthenticationSession, Grant, Identifier, TwoStepSession
from authcore.errors import (
    AccountDeleted,
    AccountDisabled,
    AccountNotFound,
    AttemptsExhausted,
    AuthError,
    ChallengeEnded,
    CodeMismatch,
    IdentifierTaken,
    InvalidCredentials,
    InvalidToken,
    ResendLimit,
    StateUnchanged,
    UsernameTaken,
)
from authcore.principal import Principal
from tests.flows.furnished import LINKED, UNLINKED, Place
from tests.flows.people import ADA, EVE, NEW_PASSWORD, OTHER_PASSWORD, PASSWORD, wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """How to start a flow in the furnished world, and every way in which it may end there, whatever it meets.

    `instead` lists refusals of a flow that read one thing before the other flow's commit and another one after it, each
    with the refusal that it would have met a moment later: it writes nothing, so no commit finds out.
    """

    start: Callable[[Auth, Place], Coroutine[object, None, object]]
    ends: tuple[type, ...]
    instead: Mapping[type[AuthError], type[AuthError]] = field(default_factory=dict)


def _change_password(auth, session):
    return auth.change_password(token=session.token, current=PASSWORD, new=NEW_PASSWORD)


def _answer(auth, here, code):
    return auth.answer_two_step(token=here.laptop.token, challenge=here.pay.token, purpose="pay", code=code)


def _fulfil(auth, here, code):
    return auth.fulfil_second_factor(token=here.pending.token, challenge=here.factor.token, code=code)


JOINING = {
    # Eve's address is not proven: a stranger may register it anew, and then it is no more the one that she registered.
    "register": Flow(
        start=lambda auth, here: auth.register(email=EVE, password=OTHER_PASSWORD, username="eve"),
        ends=(Issued,),
    ),
    # What Eve has not proven is not hers either: her username goes to whoever registers next.
    "register a taken address": Flow(
        start=lambda auth, here: auth.register(email=ADA, password=OTHER_PASSWORD, username="countess"),
        ends=(Issued, UsernameTaken),
    ),
    "verify": Flow(
        start=lambda auth, here: auth.verify_account(challenge=here.eve.token, code=here.eve_code),
        ends=(Account, ChallengeEnded),
    ),
    "verify wrongly": Flow(
        start=lambda auth, here: auth.verify_account(challenge=here.eve.token, code=wrong(here.eve_code)),
        ends=(CodeMismatch, AttemptsExhausted, ChallengeEnded),
    ),
    "request another code": Flow(
        start=lambda auth, here: auth.request_verification(challenge=here.eve.token),
        ends=(Issued, ChallengeEnded),
    ),
}

TWO_STEPS = {
    "request two-step": Flow(
        start=lambda auth, here: auth.request_two_step(token=here.laptop.token, purpose="pay"),
        ends=(Issued, InvalidToken),
    ),
    "answer two-step": Flow(
        start=lambda auth, here: _answer(auth, here, here.pay_code),
        ends=(TwoStepSession, ChallengeEnded, InvalidToken),
        instead={ChallengeEnded: InvalidToken},
    ),
    "answer two-step wrongly": Flow(
        start=lambda auth, here: _answer(auth, here, wrong(here.pay_code)),
        ends=(CodeMismatch, AttemptsExhausted, ChallengeEnded, InvalidToken),
        instead={ChallengeEnded: InvalidToken},
    ),
    "resend": Flow(
        start=lambda auth, here: auth.resend_code(here.pay.token),
        ends=(TwoStepSession, ChallengeEnded, ResendLimit),
    ),
}

LOGINS = {
    "log in": Flow(
        start=lambda auth, here: auth.log_in(identifier=ADA, password=PASSWORD),
        ends=(Issued, InvalidCredentials, AccountDisabled, AccountDeleted),
    ),
    "log in again": Flow(
        start=lambda auth, here: auth.log_in(identifier="ada", password=PASSWORD, former=here.laptop.token),
        ends=(Issued, InvalidCredentials, AccountDisabled, AccountDeleted),
    ),
    "be nobody": Flow(
        start=lambda auth, here: auth.open_anonymous(),
        ends=(Issued,),
    ),
    "authenticate": Flow(
        start=lambda auth, here: auth.authenticate(here.laptop.token),
        ends=(Principal, InvalidToken),
    ),
    "change password": Flow(
        start=lambda auth, here: _change_password(auth, here.laptop),
        ends=(Issued, InvalidToken),
    ),
    "change password elsewhere": Flow(
        start=lambda auth, here: _change_password(auth, here.phone),
        ends=(Issued, InvalidToken),
    ),
    "reauthenticate": Flow(
        start=lambda auth, here: auth.reauthenticate(token=here.laptop.token, password=PASSWORD),
        ends=(Issued, InvalidToken),
    ),
    "log out": Flow(
        start=lambda auth, here: auth.log_out(here.laptop.token),
        ends=(bool,),
    ),
}

GENERATIONS = {
    "identify": Flow(
        start=lambda auth, here: auth.identify(here.tablet.token),
        ends=(Identified, InvalidToken),
    ),
    "refresh": Flow(
        start=lambda auth, here: auth.refresh(here.tablet.token),
        ends=(Issued, InvalidToken),
    ),
    "show a successor": Flow(
        start=lambda auth, here: auth.authenticate(here.watch.token),
        ends=(Principal, InvalidToken),
    ),
    "reuse": Flow(
        start=lambda auth, here: auth.identify(here.lost.token),
        ends=(InvalidToken,),
    ),
}

SECOND_FACTOR = {
    "request second factor": Flow(
        start=lambda auth, here: auth.request_second_factor(here.pending.token),
        ends=(Issued, InvalidToken),
    ),
    "fulfil": Flow(
        start=lambda auth, here: _fulfil(auth, here, here.factor_code),
        ends=(Issued, ChallengeEnded, InvalidToken),
        instead={ChallengeEnded: InvalidToken},
    ),
    "fulfil wrongly": Flow(
        start=lambda auth, here: _fulfil(auth, here, wrong(here.factor_code)),
        ends=(CodeMismatch, AttemptsExhausted, ChallengeEnded, InvalidToken),
        instead={ChallengeEnded: InvalidToken},
    ),
    "choose a second factor": Flow(
        start=lambda auth, here: auth.change_second_factor(token=here.laptop.token, password=PASSWORD, required=True),
        ends=(Issued, InvalidToken),
    ),
}

RECOVERY = {
    "request recovery": Flow(
        start=lambda auth, here: auth.request_recovery(identifier=ADA),
        ends=(Issued,),
    ),
    "recover": Flow(
        start=lambda auth, here: auth.recover(
            challenge=here.forgotten.token, code=here.forgotten_code, new_password=NEW_PASSWORD
        ),
        ends=(Account, CodeMismatch, ChallengeEnded),
    ),
}

ADDRESSES = {
    # Eve has registered it, and not proven it: it is whose code comes back first.
    "ask for an address": Flow(
        start=lambda auth, here: auth.request_address_change(token=here.laptop.token, password=PASSWORD, email=EVE),
        ends=(Issued, InvalidToken),
    ),
    "change address": Flow(
        start=lambda auth, here: auth.confirm_address_change(
            token=here.laptop.token, challenge=here.move.token, code=here.move_code
        ),
        ends=(Issued, ChallengeEnded, InvalidToken),
        instead={ChallengeEnded: InvalidToken},
    ),
}

SESSIONS = {
    "list": Flow(
        start=lambda auth, here: auth.list_sessions(here.laptop.token),
        ends=(tuple, InvalidToken),
    ),
    "revoke": Flow(
        start=lambda auth, here: auth.revoke_session(here.laptop.token, session=session_digest(here.tablet.session.id)),
        ends=(AuthenticationSession, StateUnchanged, InvalidToken),
    ),
    "revoke others": Flow(
        start=lambda auth, here: auth.revoke_other_sessions(here.laptop.token),
        ends=(Issued, InvalidToken),
    ),
    "revoke all": Flow(
        start=lambda auth, here: auth.revoke_sessions(here.ada),
        ends=(Account, AccountNotFound),
    ),
}

OPERATORS = {
    "assign": Flow(
        start=lambda auth, here: auth.assign_role(account_id=here.ada, role="editor", permissions=["article"]),
        ends=(Grant, AccountNotFound),
    ),
    "assign a new role": Flow(
        start=lambda auth, here: auth.assign_role(account_id=here.ada, role="author", permissions=["draft"]),
        ends=(Grant, AccountNotFound),
    ),
    "withdraw": Flow(
        start=lambda auth, here: auth.withdraw_role(account_id=here.ada, role="editor"),
        ends=(bool,),
    ),
    "disable": Flow(
        start=lambda auth, here: auth.disable_account(here.ada),
        ends=(Account, StateUnchanged, AccountNotFound),
    ),
    "enable": Flow(
        start=lambda auth, here: auth.enable_account(here.ada),
        ends=(Account, StateUnchanged, AccountNotFound),
    ),
    "delete": Flow(
        start=lambda auth, here: auth.delete_account(here.ada),
        ends=(Account, StateUnchanged),
    ),
    "restore": Flow(
        start=lambda auth, here: auth.restore_account(here.ada),
        ends=(Account, StateUnchanged),
    ),
    "require a second factor": Flow(
        start=lambda auth, here: auth.require_second_factor(here.ada),
        ends=(Account, StateUnchanged, AccountNotFound),
    ),
    "require recovery": Flow(
        start=lambda auth, here: auth.require_recovery(here.ada),
        ends=(Account, AccountNotFound),
    ),
    "confirm": Flow(
        start=lambda auth, here: auth.confirm_account(here.eve.session.account_id),
        ends=(Account, StateUnchanged, AccountNotFound, IdentifierTaken),
        instead={IdentifierTaken: AccountNotFound},
    ),
    # Nothing was proven, so that address and username are free at once.
    "delete the unproven": Flow(
        start=lambda auth, here: auth.delete_account(here.eve.session.account_id),
        ends=(Account, StateUnchanged),
    ),
}

IDENTITIES = {
    "link": Flow(
        start=lambda auth, here: auth.link_external_identity(here.ada, **UNLINKED),
        ends=(Identifier, IdentifierTaken, AccountDisabled, AccountNotFound),
    ),
    "link to another": Flow(
        start=lambda auth, here: auth.link_external_identity(here.bob, **UNLINKED),
        ends=(Identifier, IdentifierTaken),
    ),
    "unlink": Flow(
        start=lambda auth, here: auth.unlink_external_identity(here.ada, **LINKED),
        ends=(bool, AccountNotFound),
    ),
    # Ada has it: who is told that it is taken may have it once she is parted from it.
    "link what is taken": Flow(
        start=lambda auth, here: auth.link_external_identity(here.bob, **LINKED),
        ends=(Identifier, IdentifierTaken),
    ),
}

FLOWS = (
    JOINING
    | TWO_STEPS
    | LOGINS
    | GENERATIONS
    | SECOND_FACTOR
    | RECOVERY
    | ADDRESSES
    | SESSIONS
    | OPERATORS
    | IDENTITIES
)
