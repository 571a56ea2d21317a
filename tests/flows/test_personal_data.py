"""A person's rights: knowing what is stored, and being forgotten.  What becomes of each field is tested in core/."""

import json
from dataclasses import replace
from functools import partial
from importlib import import_module
from types import SimpleNamespace

import pytest

from authcore import erasure
from authcore.auth import personal_data
from authcore.entities import (
    ENTITIES,
    Account,
    AuditEvent,
    AuditKind,
    AuthenticationSession,
    Identifier,
    Message,
    MessageKind,
    MessageState,
    Tally,
    TwoStepSession,
    from_record,
)
from authcore.errors import (
    AccountErased,
    AccountNotFound,
    ChallengeEnded,
    CodeMismatch,
    ConfigurationError,
    Fault,
    InvalidCredentials,
    InvalidToken,
)
from authcore.imported_accounts import AccountRecord, Imported
from authcore.memory import MemoryStore
from authcore.ports import Store, by_id, by_owner
from authcore.testing import Scenario, build_auth
from tests.flows import whole_life
from tests.flows.broken_stores import everything
from tests.flows.people import (
    ADA,
    BOB,
    NEW_PASSWORD,
    OTHER_PASSWORD,
    PASSWORD,
    QuickHasher,
    challenges,
    derive,
    do,
    join,
    kept,
    log_in,
    messages,
    refusal,
    register,
    stored,
    verify,
)
from tests.flows.whole_life import (
    BY_EMAIL,
    BY_PHONE,
    HOME,
    NETWORKS,
    PERSONAL,
    POLICY,
    SPELT_OTHERWISE,
    STRANGER,
    WITH_HYPHENS,
    where,
)

LIVES = {"email": (BY_EMAIL, SPELT_OTHERWISE), "phone": (BY_PHONE, WITH_HYPHENS)}
each_life = pytest.mark.parametrize("names", LIVES.values(), ids=LIVES)


def a_world(store=None):
    """A world in which a message is tried once."""
    return build_auth(store=store or MemoryStore(), hasher=QuickHasher(), policy=POLICY)


def fragments_of(names):
    """What names her, in a life under these names."""
    other = "7946" if "email" in names[0] else "lovelace"
    return [fragment for fragment in PERSONAL if fragment != other]


def stored_in(store):
    """All that a store holds; SQLite's read from its tables."""
    if isinstance(store, MemoryStore):
        return everything(store)
    tables, connection = import_module("authcore_sqlalchemy").Tables(), store._reading  # noqa: SLF001
    return [
        from_record(kind, dict(row._mapping))  # noqa: SLF001
        for kind in ENTITIES
        for row in connection.execute(tables.of[kind].select())
    ]


# --- being forgotten --------------------------------------------------------------------------------------------------


@each_life
@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_nothing_names_her_afterwards(names, kind, tmp_path):
    """Of all that named her, in whatever spelling and row, nothing is left; networks are counted on, as nobody's."""
    path, fragments = tmp_path / "store.db", fragments_of(names)
    store = MemoryStore() if kind == "memory" else import_module("authcore_sqlalchemy").SqliteStore(path)
    auth = a_world(store)
    ada, _, _ = whole_life.live(auth, *names)
    before = where(stored_in(store), [*fragments, *NETWORKS])
    assert before.keys() == {*fragments, *NETWORKS}
    assert {kind for kinds in before.values() for kind in kinds} == {
        "Account", "Identifier", "AuthenticationSession", "TwoStepSession", "Message", "AuditEvent", "Attempt",
    }  # fmt: skip
    do(auth.erase_account(ada))
    refusal(auth.log_in(identifier="Enchantress", password=NEW_PASSWORD))
    do(auth.deliver_due())
    assert where(stored_in(store), [*fragments, *NETWORKS]) == {network: {"Attempt"} for network in NETWORKS}
    if kind == "sqlite":
        store.close()
        octets = path.read_bytes().lower()
        assert not any(fragment.encode() in octets for fragment in fragments)
        assert not [*tmp_path.glob("store.db-*")]


@each_life
def test_others_are_left_alone(names):
    """What is stored of others stays as it is, to the last version."""
    auth = a_world()
    bob = join(auth, BOB, username="bob")
    log_in(auth, BOB)
    do(auth.link_external_identity(bob.id, issuer="https://id.example", subject="bob"))
    before = {(type(entity), entity.id): entity for entity in everything(auth.store)}
    ada, _, _ = whole_life.live(auth, *names)
    do(auth.erase_account(ada))
    now = {(type(entity), entity.id): entity for entity in everything(auth.store)}
    left_alone = {key: entity for key, entity in before.items() if not isinstance(entity, Message)}
    assert {key: now[key] for key in left_alone} == left_alone


def test_a_tombstone_remains(auth):
    """The id stays, as that of an account that tells nothing, is found only as a deleted one, and was told of once."""
    ada = join(auth, username="ada")
    tomb = do(auth.erase_account(ada.id))
    assert (tomb.id, tomb.email, tomb.phone, tomb.username) == (ada.id, None, None, None)
    assert tomb.erased_at == tomb.deleted_at == auth.clock.now()
    assert do(auth.find_account(account_id=ada.id)) is None
    assert do(auth.find_account(account_id=ada.id, deleted=True)) == tomb
    assert do(auth.find_account(email=ADA, deleted=True)) is do(auth.find_account(username="ada", deleted=True)) is None
    told = [event for event in kept(auth, AuditEvent) if event.kind is AuditKind.ACCOUNT_ERASED]
    assert [(event.account_id, event.actor) for event in told] == [(ada.id, "operator")]


def test_nothing_of_hers_opens_any_more(auth):
    """Sessions, challenges and passwords of before are refused as any that ended, or were never known."""
    ada = join(auth, username="ada")
    session = log_in(auth)
    pay = do(auth.request_two_step(token=session.token, purpose="pay"))
    decoy = register(auth, ADA, OTHER_PASSWORD)
    do(auth.erase_account(ada.id))
    assert isinstance(refusal(auth.authenticate(session.token)), InvalidToken)
    assert isinstance(refusal(auth.refresh(session.token)), InvalidToken)
    assert isinstance(refusal(auth.log_in(identifier=ADA, password=PASSWORD)), InvalidCredentials)
    for challenge in (pay, decoy):
        code = derive(auth, challenge)
        assert isinstance(refusal(auth.resend_code(challenge.token)), ChallengeEnded)
        assert isinstance(refusal(auth.request_verification(challenge=challenge.token)), ChallengeEnded)
        assert isinstance(refusal(auth.verify_account(challenge=challenge.token, code=code)), ChallengeEnded)


def test_nobody_comes_back(auth):
    """An erased account can be neither restored nor changed; who erases it again is told the same."""
    ada = join(auth)
    tomb = do(auth.erase_account(ada.id))
    assert isinstance(refusal(auth.restore_account(ada.id)), AccountErased)
    for change in (auth.disable_account, auth.enable_account, auth.confirm_account, auth.revoke_sessions):
        assert isinstance(refusal(change(ada.id)), AccountNotFound)
    auth.clock.advance(POLICY.rotation)
    before = everything(auth.store)
    assert do(auth.erase_account(ada.id)) == tomb
    assert everything(auth.store) == before


@pytest.mark.parametrize("state", ["pending", "disabled", "deleted", "unproven and deleted"])
def test_any_account_is_erased(auth, state):
    """It does not matter in which state an account was: its names are gone from it, and free."""
    registered = register(auth, username="enchantress")
    ada = registered.session.account_id
    if state in {"disabled", "deleted"}:
        verify(auth, registered, derive(auth, registered))
    if state != "pending":
        do(auth.disable_account(ada) if state == "disabled" else auth.delete_account(ada))
    do(auth.erase_account(ada))
    assert where(everything(auth.store), [ADA, "enchantress"]) == {}
    assert join(auth, username="enchantress").id != ada


def test_names_begin_anew(auth):
    """Whoever registers her names next has them as if they had never been hers, and meets no decoy of hers."""
    ada = join(auth, username="ada")
    register(auth, ADA, OTHER_PASSWORD)
    do(auth.erase_account(ada.id))
    assert kept(auth, Identifier) == []
    other = join(auth, password=OTHER_PASSWORD, username="ada")
    assert log_in(auth, "ada", OTHER_PASSWORD).session.account_id == other.id
    assert do(auth.find_account(email=ADA)).id == other.id


def test_name_that_went_to_another_stays_his(auth):
    """A name that she had once, and that is another's by now, is not taken from him."""
    former = register(auth, username="ada").session.account_id
    do(auth.delete_account(former))
    other = join(auth, username="ada")
    do(auth.erase_account(former))
    assert log_in(auth).session.account_id == other.id


@pytest.mark.parametrize("name", ["nobody", "", ADA])
def test_nobody_is_erased(auth, name):
    """What names no account, or a decoy, is refused, and nothing is written."""
    join(auth)
    register(auth, ADA, OTHER_PASSWORD)
    (decoy,) = [account for account in kept(auth, Account) if account.decoy]
    before = everything(auth.store)
    for account_id in (name, decoy.id):
        assert isinstance(refusal(auth.erase_account(account_id)), AccountNotFound)
        assert isinstance(refusal(auth.export_account(account_id)), AccountNotFound)
    assert everything(auth.store) == before


def test_store_must_remove(auth):
    """On a store that cannot remove, erasure is refused before anything is done."""

    class Keeper(Store):
        async def find(self, key, /):
            return await auth.store.find(key)

        async def commit(self, writes, unchanged=()):
            await auth.store.commit(writes, unchanged)

    ada = join(auth)
    before = everything(auth.store)
    assert isinstance(refusal(replace(auth, store=Keeper()).erase_account(ada.id)), ConfigurationError)
    assert everything(auth.store) == before


def test_address_of_before_is_forgotten(auth):
    """The address that she had before, and a stranger's registration of the one that she has now, go with her."""
    ada = join(auth, BOB)
    eve = register(auth, ADA, OTHER_PASSWORD)
    do(auth.deliver_due())
    session = log_in(auth, BOB)
    asked = do(auth.request_address_change(token=session.token, password=PASSWORD, email=ADA, device=HOME))
    code = derive(auth, asked)
    do(auth.confirm_address_change(token=session.token, challenge=asked.token, code=code, device=HOME))
    do(auth.erase_account(ada.id))
    assert where(everything(auth.store), [ADA, BOB, "analytical", *NETWORKS]) == {NETWORKS[0]: {"Attempt"}}
    assert do(auth.find_account(account_id=eve.session.account_id)) is None


def ask(auth, session, email, password=PASSWORD):
    """Ask for a code to another address for one's own, from afar."""
    return do(auth.request_address_change(token=session.token, password=password, email=email, device=STRANGER))


def test_who_wanted_her_address_keeps_it_no_longer(auth):
    """What strangers asked for her address for their own is blanked with her, be it before it was hers or since."""
    ada, eve = join(auth, BOB), join(auth, "eve@example.org")
    theirs = log_in(auth, eve.email)
    early = ask(auth, theirs, ADA)
    session = log_in(auth, BOB)
    asked = ask(auth, session, ADA)
    do(auth.confirm_address_change(token=session.token, challenge=asked.token, code=derive(auth, asked)))
    late = ask(auth, theirs, ADA.title())
    do(auth.resend_code(late.token))
    ask(auth, theirs, BOB)
    kept_one = ask(auth, theirs, "another@example.org")
    do(auth.deliver_due())
    do(auth.erase_account(ada.id))
    assert where(everything(auth.store), [ADA, ADA.title(), BOB]) == {}
    assert stored(auth, kept_one.session).destination == "another@example.org"
    assert stored(auth, early.session).account_id == stored(auth, late.session).account_id == eve.id


def test_who_wanted_her_address_is_answered_as_before(auth):
    """Whoever has asked for her address goes on to be answered as at any that is not his, and nothing is sent."""
    ada, eve = join(auth), join(auth, "eve@example.org")
    theirs = log_in(auth, eve.email)
    asked = ask(auth, theirs, ADA)
    do(auth.erase_account(ada.id))
    do(auth.deliver_due())
    before = len(auth.courier.letters)
    assert do(auth.resend_code(asked.token)).sendings == 2
    do(auth.deliver_due())
    assert len(auth.courier.letters) == before
    assert where(everything(auth.store), [ADA]) == {}
    answering = {"token": theirs.token, "challenge": asked.token}
    assert isinstance(refusal(auth.confirm_address_change(**answering, code="000000")), CodeMismatch)
    assert isinstance(refusal(auth.confirm_address_change(**answering, code=derive(auth, asked))), ChallengeEnded)


def test_seal_of_the_trail_holds():
    """Events that were sealed are blanked without breaking the seal, and so are those that are sealed afterwards."""
    auth = a_world()
    ada, _, _ = whole_life.live(auth, BY_EMAIL, SPELT_OTHERWISE)
    do(auth.seal_audit())
    log_in(auth, "Enchantress", NEW_PASSWORD)
    head = do(auth.audit_head())
    do(auth.erase_account(ada))
    do(auth.seal_audit())
    assert do(auth.verify_audit(head=head)).intact
    assert {event.network for event in kept(auth, AuditEvent) if event.account_id == ada} == {""}


def test_nobody_is_imported_again(auth):
    """Who was imported and erased stays erased, however often the import is run."""
    moment = auth.clock.now()
    record = AccountRecord(origin="old", id="17", email=ADA, verified=True, created_at=moment, updated_at=moment)
    ada = do(auth.import_account(record)).id
    do(auth.erase_account(ada))
    assert do(auth.import_account(record)) == Imported(id=ada, known=True)
    assert where(everything(auth.store), [ADA]) == {}


# --- messages ---------------------------------------------------------------------------------------------------------


def test_waiting_messages_are_never_sent(auth):
    """What still waited is discarded, and what is under way is not tried again, whatever comes of it."""
    ada = join(auth)
    session = log_in(auth)
    do(auth.request_two_step(token=session.token, purpose="pay"))
    before = len(auth.courier.letters)

    class Erasing(type(auth.courier)):
        """Erases the account while it sends; and then fails, surely or not."""

        async def send(self, letter, /):
            await auth.erase_account(ada.id)
            raise self.fault

    for fault in (import_module("authcore.errors").DeliveryFault(), OSError()):
        courier = Erasing()
        courier.fault = fault
        do(replace(auth, courier=courier).deliver_due())
    auth.clock.advance(auth.policy.message_lease * 100)
    do(auth.deliver_due())
    assert len(auth.courier.letters) == before
    assert {message.state for message in messages(auth)} == {MessageState.SENT, MessageState.DISCARDED}
    assert {message.destination for message in messages(auth)} == {""}


def test_nobody_is_told_by_message(auth):
    """No message says goodbye: it would put the address back."""
    ada = join(auth)
    before = len(messages(auth))
    do(auth.erase_account(ada.id))
    assert len(messages(auth)) == before


# --- piece by piece ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch", [1, 2, 7])
def test_many_rows_go_in_bounded_commits(monkeypatch, batch):
    """However many rows there are, a commit writes a bounded number of them, and none is left out."""
    monkeypatch.setattr(personal_data, "_BATCH", batch)

    class Measuring(MemoryStore):
        sizes = ()

        async def commit(self, writes, unchanged=()):
            self.sizes = (*self.sizes, len(writes))
            await super().commit(writes, unchanged)

    auth = a_world(Measuring())
    ada, _, _ = whole_life.live(auth, BY_EMAIL, SPELT_OTHERWISE)
    auth.store.sizes = ()
    do(auth.erase_account(ada))
    assert max(auth.store.sizes) == batch
    assert where(everything(auth.store), fragments_of([BY_EMAIL])) == {}


def test_interrupted_erasure_is_begun_again(monkeypatch):
    """Wherever the process dies, the account is as before, or a tombstone for good; and the next try finishes."""
    monkeypatch.setattr(personal_data, "_BATCH", 3)

    class Dying(MemoryStore):
        left = None

        async def commit(self, writes, unchanged=()):
            self.live()
            await super().commit(writes, unchanged)

        async def remove(self, removed, writes=(), unchanged=()):
            self.live()
            await super().remove(removed, writes, unchanged)

        def live(self):
            if self.left == 0:
                raise Fault
            self.left = None if self.left is None else self.left - 1

    auth, commits, died = a_world(Dying()), 0, True
    ada, _, session = whole_life.live(auth, BY_EMAIL, SPELT_OTHERWISE)
    ask(auth, log_in(auth, join(auth, "eve@example.org").email), **SPELT_OTHERWISE)
    start = dict(auth.store._kept), {key: [*ids] for key, ids in auth.store._owned.items()}  # noqa: SLF001
    while died:
        auth.store._kept = dict(start[0])  # noqa: SLF001
        auth.store._owned = {key: [*ids] for key, ids in start[1].items()}  # noqa: SLF001
        auth.store.left = commits
        died = refusal(auth.erase_account(ada)) is not None
        auth.store.left = None
        is_tomb = do(auth.store.get(by_id(Account, ada))).erased_at is not None
        # What somebody else wanted her address for goes first.
        assert is_tomb == (commits > 1)
        assert (refusal(auth.authenticate(session.token)) is not None) == is_tomb
        do(auth.erase_account(ada))
        assert where(everything(auth.store), fragments_of([BY_EMAIL])) == {}
        commits += 1
    assert commits > len(ENTITIES)


# --- others at the same time ------------------------------------------------------------------------------------------

EXTERNAL = {"issuer": "https://id.example", "subject": "subject-1815"}

MEETINGS = {
    "register the address": lambda auth, here: auth.register(
        email=ADA, password=OTHER_PASSWORD, username="imposter", device=HOME
    ),
    "verify": lambda auth, here: auth.verify_account(challenge=here.registered.token, code=here.code, device=HOME),
    "log in": lambda auth, here: auth.log_in(identifier=ADA, password=PASSWORD, device=HOME),
    "refresh": lambda auth, here: auth.refresh(here.session.token, device=HOME),
    "change password": lambda auth, here: auth.change_password(
        token=here.session.token, current=PASSWORD, new=NEW_PASSWORD, device=HOME
    ),
    "forget the password": lambda auth, here: auth.request_recovery(identifier=ADA, device=STRANGER),
    "recover": lambda auth, here: auth.recover(
        challenge=here.forgotten.token, code=here.code, new_password=NEW_PASSWORD, device=HOME
    ),
    "give the password again": lambda auth, here: auth.reauthenticate(
        token=here.session.token, password=PASSWORD, device=HOME
    ),
    "ask for a second factor": lambda auth, here: auth.change_second_factor(
        token=here.session.token, password=PASSWORD, required=True, device=HOME
    ),
    "log out": lambda auth, here: auth.log_out(here.session.token, device=HOME),
    "revoke all but this one": lambda auth, here: auth.revoke_other_sessions(here.session.token, device=HOME),
    "revoke all": lambda auth, here: auth.revoke_sessions(here.ada),
    "disable": lambda auth, here: auth.disable_account(here.ada),
    "delete": lambda auth, here: auth.delete_account(here.ada),
    "ask for another address": lambda auth, here: auth.request_address_change(
        token=here.session.token, password=PASSWORD, email="countess@example.org", device=HOME
    ),
    "ask for a code": lambda auth, here: auth.request_two_step(token=here.session.token, purpose="pay", device=HOME),
    "link": lambda auth, here: auth.link_external_identity(here.ada, **EXTERNAL),
    "unlink": lambda auth, here: auth.unlink_external_identity(here.ada, **EXTERNAL),
    "restore": lambda auth, here: auth.restore_account(here.ada),
    "deliver": lambda auth, here: auth.deliver_due(),
    "want the address": lambda auth, here: auth.request_address_change(
        token=here.eve.token, password=PASSWORD, email=ADA, device=STRANGER
    ),
    "have it sent again": lambda auth, here: auth.resend_code(here.wanted.token, device=STRANGER),
    "erase": lambda auth, here: auth.erase_account(here.ada),
}


def forget_eve(auth, eve, *, asks):
    """Erase Eve as well: where she asks for Ada's address once it is free, as its code says, it stands in her rows."""
    found = [each.id for each in challenges(auth) if (each.account_id, each.destination) == (eve, ADA)]
    kinds = {message.kind for message in kept(auth, Message) if message.session_id in found}
    assert kinds == ({MessageKind.CODE} if found else set())
    assert asks or not found
    do(auth.erase_account(eve))


def wanting(auth):
    """Eve, who has asked for Ada's address, and what she was given."""
    eve = log_in(auth, join(auth, "eve@example.org").email)
    return eve, ask(auth, eve, ADA)


def meeting(flow):
    """Ada is erased while another flow runs; when both have ended nothing names her, but as somebody new."""
    auth = a_world()
    registered = register(auth, username="enchantress")
    ada, code, session = registered.session.account_id, derive(auth, registered), None
    if flow != "verify":
        verify(auth, registered, code)
        session = log_in(auth)
        auth.clock.advance(auth.policy.rotation)
    forgotten = None
    if flow == "recover":
        forgotten = do(auth.request_recovery(identifier=ADA))
        code = derive(auth, forgotten)
    eve, wanted = wanting(auth) if flow in {"want the address", "have it sent again"} else (None, None)
    if flow == "unlink":
        do(auth.link_external_identity(ada, **EXTERNAL))
    if flow == "restore":
        do(auth.delete_account(ada))
    here = SimpleNamespace(
        ada=ada, session=session, registered=registered, forgotten=forgotten, code=code, eve=eve, wanted=wanted
    )

    def check(outcomes, after):
        assert outcomes["erase"].erased_at is not None
        if flow == "recover":
            # To whoever has the code of an address that is nobody's any more, nothing shows; and guesses are told of.
            do(after.erase_account(ada))
        if eve is not None:
            forget_eve(after, eve.session.account_id, asks=flow == "want the address")
        for other in kept(after, Account):
            if other.erased_at is None:
                # The address was free, and whoever has registered it since is somebody new.
                assert (other.email, other.decoy, other.id == ada) == (ADA, False, False)
                do(after.erase_account(other.id))
        found = where(everything(after.store), [ADA, "enchantress", "imposter", "subject", "analytical", *NETWORKS])
        assert found == {network: {"Attempt"} for network in found if network in NETWORKS}
        waiting = {message.kind for message in kept(after, Message) if message.queue is not None}
        assert waiting <= {MessageKind.DECOY}

    return Scenario(
        auth=auth,
        flows={"erase": partial(MEETINGS["erase"], here=here), "other": partial(MEETINGS[flow], here=here)},
        check=check,
    )


@pytest.mark.timeout(600)  # two erasures have thousands of orders, and the machine may be busy
@pytest.mark.parametrize("flow", MEETINGS)
def test_nothing_slips_through(flow, explore, monkeypatch):
    """Whoever does what at the same time, in whatever order, nothing names her once the erasure has ended."""
    if flow == "erase":
        # Over all kinds two of them have more orders than anybody waits for; these are the ones that name her here.
        monkeypatch.setattr(erasure, "SWEPT", (TwoStepSession, Message))
        monkeypatch.setattr(erasure, "addresses_among", lambda names: frozenset())
        monkeypatch.setattr(personal_data, "_names_of", lambda account_id: [by_owner(Identifier, account_id)])
    explored = explore(partial(meeting, flow))
    assert explored.orders > 1


# --- names that nobody has --------------------------------------------------------------------------------------------


def test_wrong_passwords_of_unknown_names_store_no_name(auth):
    """What counts wrong passwords of a name that nobody has does not tell which, without the key."""
    for identifier in (ADA, "enchantress", "+442079460018"):
        refusal(auth.log_in(identifier=identifier, password=PASSWORD))
    assert len(kept(auth, Tally)) == 3
    assert where(everything(auth.store), [ADA, "enchantress", "442079460018"]) == {}


# --- knowing what is stored -------------------------------------------------------------------------------------------


def test_export_does_not_tell_whose_an_address_is(auth):
    """Who has asked for somebody's address for his own finds in his export what he would find of a free one."""
    join(auth, BOB)
    told = []
    for number, wanted in enumerate((BOB, "bee@example.org")):
        eve = join(auth, f"eve{number}@example.org")
        do(auth.resend_code(ask(auth, log_in(auth, eve.email), wanted).token))
        do(auth.deliver_due())
        sections = do(auth.export_account(eve.id)).sections
        told.append(
            sorted(
                (section, str(row.get("kind")), str(row.get("state")))
                for section in sections
                for row in sections[section]
            )
        )
    assert told[0] == told[1]


@each_life
def test_export_tells_all_but_secrets(names):
    """An export is plain JSON that has whatever names her, from each kind that does; and nothing that opens a door."""
    auth = a_world()
    ada, secrets, _ = whole_life.live(auth, *names)
    hers = [each for each in everything(auth.store) if getattr(each, "account_id", None) == ada]
    secrets += [each.secret for each in hers if hasattr(each, "secret")] + [
        each.salt for each in hers if hasattr(each, "salt")
    ]
    before = everything(auth.store)
    exported = do(auth.export_account(ada)).to_json()
    assert everything(auth.store) == before
    text = json.dumps(exported)
    for fragment in (*fragments_of(names), *NETWORKS):
        # What strangers gave with her address is theirs.
        assert (fragment in text.casefold()) == (fragment != "countess")
    assert not [secret for secret in secrets if secret in text]
    assert exported["format"] == 1
    assert [row["id"] for row in exported["account"]] == [exported["account_id"]] == [ada]
    for kind, section in ((AuthenticationSession, "sessions"), (Message, "messages"), (AuditEvent, "audit_events")):
        told = [each for each in hers if type(each) is kind and getattr(each, "session_id", None) is None]
        assert len(exported[section]) == len(told) > 0
    assert {role["role"] for role in exported["roles"]} == {"editor"}
    assert sum(each["proven_at"] is not None for each in exported["identifiers"]) > 1


def test_export_of_a_tombstone_tells_no_name(auth):
    """What is left of an erased account may still be exported."""
    ada = join(auth, username="ada")
    log_in(auth)
    do(auth.erase_account(ada.id))
    exported = do(auth.export_account(ada.id)).to_json()
    assert exported["identifiers"] == []
    assert ADA not in json.dumps(exported)


@pytest.mark.parametrize("batch", [1, 2, 3])
def test_export_is_read_piece_by_piece(auth, monkeypatch, batch):
    """However little is read at a time, the export is the same."""
    ada = join(auth, username="ada")
    for _ in range(2):
        log_in(auth)
    whole = do(auth.export_account(ada.id))
    monkeypatch.setattr(personal_data, "_BATCH", batch)
    assert do(auth.export_account(ada.id)) == whole
