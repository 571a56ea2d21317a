"""The people of the flow tests, and what they commonly do.  Nothing here asserts anything."""

import hashlib
from collections import Counter
from dataclasses import replace

from authcore.codes import CODE_KEY, code_of
from authcore.entities import Account, AuthenticationSession, Credential, Identifier, Message, Role, TwoStepSession
from authcore.foreign_hashes import DJANGO, Upgrading
from authcore.imported_accounts import AccountRecord
from authcore.memory import MemoryStore
from authcore.ports import PasswordHasher, by_id
from authcore.testing import run_sync
from tests.core.foreign import as_django_stored

ADA, BOB, EVE = "ada@example.org", "bob@example.org", "eve@example.org"
PASSWORD = "a loom that weaves algebra"
OTHER_PASSWORD = "nine silver herons at dusk"
NEW_PASSWORD = "the engine has no pretensions"

do = run_sync


class QuickHasher(PasswordHasher):
    """Hashes at no cost, and counts; `round` stands for its parameters."""

    def __init__(self, parameters=1):
        """Begin with nothing counted."""
        self.parameters = parameters
        self.runs = Counter()

    def hash(self, password, salt, /):
        """Hash and count."""
        self.runs["hash"] += 1
        return self._hash(self.parameters, salt.hex(), password)

    def verify(self, stored, password, /):
        """Verify and count."""
        self.runs["verify"] += 1
        _, parameters, salt, _ = stored.split("$")
        return stored == self._hash(parameters, salt, password)

    def knows(self, stored, /):
        """Tell whether it is a hash of this kind."""
        return stored.startswith("quick$")

    def needs_rehash(self, stored, /):
        """Tell whether the parameters differ."""
        return stored.split("$")[1] != str(self.parameters)

    def dummy(self):
        """Return a hash that nothing has."""
        return f"quick${self.parameters}$00$none"

    @staticmethod
    def _hash(parameters, salt, password):
        return f"quick${parameters}${salt}${hashlib.sha256(f'{parameters}{salt}{password}'.encode()).hexdigest()}"


class WatchedStore(MemoryStore):
    """Counts reads and remembers commits."""

    def __init__(self):
        """Begin with nothing seen."""
        super().__init__()
        self.reads = Counter()
        self.commits = []

    async def find(self, key, /):
        """Count and find."""
        self.reads["find"] += 1
        return await super().find(key)

    async def caller(self, session_id, /):
        """Count and read; the reads of which it is made count as well."""
        self.reads["caller"] += 1
        return await super().caller(session_id)

    async def commit(self, writes, unchanged=()):
        """Remember and commit."""
        await super().commit(writes, unchanged)
        self.commits.append(tuple(writes))


def register(auth, email=ADA, password=PASSWORD, username=None):
    """Register; returns the issued challenge."""
    return do(auth.register(email=email, password=password, username=username))


def code_to(auth, address=ADA):
    """Deliver what is due, and return the newest code that came to an address."""
    do(auth.deliver_due())
    return auth.courier.last_code(address)


def derive(auth, challenge):
    """The code of any challenge, from its key: something that nobody outside can do."""
    key = auth.keyring.derive(challenge.session.code_key, CODE_KEY)
    return code_of(challenge.session, key=key, policy=auth.policy)


def verify(auth, challenge, code):
    """Answer a challenge."""
    return do(auth.verify_account(challenge=challenge.token, code=code))


def join(auth, email=ADA, password=PASSWORD, username=None):
    """Register and verify; returns the account."""
    challenge = register(auth, email, password, username)
    return verify(auth, challenge, code_to(auth, email))


def arrive_without_password(auth, email=ADA):
    """Have somebody's account come from another system, with a proven address and no password; returns its id."""
    now = auth.clock.now()
    record = AccountRecord(origin="elsewhere", id="1", email=email, verified=True, created_at=now, updated_at=now)
    return do(auth.import_account(record)).id


def log_in(auth, identifier=ADA, password=PASSWORD):
    """Log in; returns the issued session."""
    return do(auth.log_in(identifier=identifier, password=password))


def change_password(auth, session, current=PASSWORD, new=NEW_PASSWORD):
    """Change the password; returns the issued session that goes on."""
    return do(auth.change_password(token=session.token, current=current, new=new))


def wrong(code):
    """A code that differs from this one in its last digit."""
    return code[:-1] + str((int(code[-1]) + 1) % 10)


def stored(auth, entity):
    """The entity as it is now; an issued one stands for its session."""
    entity = getattr(entity, "session", entity)
    return do(auth.store.get(by_id(type(entity), entity.id)))


def put(auth, entity, **changes):
    """Change a stored entity behind the library's back, as an operator's tool would; returns what is stored then."""
    do(auth.store.commit([replace(stored(auth, entity), **changes)]))
    return stored(auth, entity)


def with_foreign_hash(auth, secret=None):
    """The same auth, accepting Django's hashes, with the one password that it keeps hashed by Django."""
    (credential,) = kept(auth, Credential)
    put(auth, credential, secret=secret or as_django_stored(PASSWORD))
    return replace(auth, hasher=Upgrading(auth.hasher, accepts=DJANGO))


def holder(auth, identifier_id):
    """The account that an identifier names now, by the identifier's id."""
    claim = do(auth.store.get(by_id(Identifier, identifier_id)))
    return None if claim is None or claim.account_id is None else do(auth.store.get(by_id(Account, claim.account_id)))


def kept(auth, kind):
    """Everything of one kind that a store in memory holds, oldest first."""
    held = auth.store._kept.values()  # noqa: SLF001  no port lists what no flow may list
    return sorted((entity for entity in held if isinstance(entity, kind)), key=lambda entity: entity.created_at)


def role(auth, name):
    """A role as it is now."""
    return do(auth.store.get(by_id(Role, name)))


def messages(auth):
    """All messages that were ever caused."""
    return kept(auth, Message)


def challenges(auth):
    """All challenges that were ever opened."""
    return kept(auth, TwoStepSession)


def sessions(auth):
    """All sessions of people who logged in."""
    return kept(auth, AuthenticationSession)


def refusal(flow):
    """What a flow raises; None if it raises nothing."""
    try:
        do(flow)
    except Exception as error:  # noqa: BLE001  whatever it is, the test looks at it
        return error
    return None
