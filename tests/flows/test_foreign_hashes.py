"""Logging in by a hash of another system, or another pepper: it opens, and is replaced.  Hashes are tested in core/."""

import hashlib
from dataclasses import replace

import pytest

from authcore.entities import Credential
from authcore.errors import InvalidCredentials, PasswordMismatch
from authcore.foreign_hashes import DJANGO, WERKZEUG, Upgrading
from authcore.hashing import Argon2Hasher
from authcore.keyring import Keyring, RootKey
from authcore.pepper import Peppered
from authcore.testing import build_auth
from tests.core.foreign import as_django_stored, scheme, vectors
from tests.flows.people import (
    ADA,
    NEW_PASSWORD,
    OTHER_PASSWORD,
    PASSWORD,
    change_password,
    do,
    join,
    kept,
    log_in,
    put,
    refusal,
    with_foreign_hash,
)
from tests.flows.test_imports import RECORD, take

# One of each way of writing, as its own library has made it.
FORMS = {vector.stored.partition("$")[0] or vector.stored[:3]: vector for vector in vectors() if vector.is_quick}
ROOT, P1, P2 = (RootKey(kid, hashlib.sha256(kid.encode()).digest()) for kid in ("root", "p1", "p2"))


def secret(auth):
    """What is stored of the one password."""
    (credential,) = kept(auth, Credential)
    return credential.secret


def attempt(auth, password):
    """How a login is refused; None if it is not."""
    return refusal(auth.log_in(identifier=ADA, password=password))


def peppered(*peppers, **options):
    """A world in which new hashes have the first of these peppers."""
    keyring = Keyring([ROOT], peppers=peppers)
    return build_auth(keyring=keyring, hasher=Peppered(Argon2Hasher.cheapest(), keyring, **options))


def moved(auth, to):
    """The people of one world, with the keys and the hasher of another."""
    return replace(auth, keyring=to.keyring, hasher=to.hasher)


@pytest.mark.parametrize("vector", FORMS.values(), ids=FORMS)
def test_imported_hash_opens_and_is_upgraded(vector):
    """An account is imported with its foreign hash, which opens to its password, and at that login becomes ours."""
    hasher = Upgrading(Argon2Hasher.cheapest(), accepts=[scheme(vector.scheme)])
    auth = build_auth(hasher=hasher)
    assert not take(auth, replace(RECORD, secret=vector.stored)).obstacles
    assert isinstance(attempt(auth, vector.password + "x"), InvalidCredentials)
    assert secret(auth) == vector.stored
    assert attempt(auth, vector.password) is None
    assert secret(auth).startswith("$argon2id$")
    plain = replace(auth, hasher=hasher.hasher)
    assert attempt(plain, vector.password) is None
    assert isinstance(attempt(plain, vector.password + "x"), InvalidCredentials)


def test_scheme_that_was_not_named_stays_behind():
    """Without the scheme of its hash an account is not imported, and the reason is told."""
    for hasher in (Argon2Hasher.cheapest(), Upgrading(Argon2Hasher.cheapest(), accepts=WERKZEUG)):
        told = take(build_auth(hasher=hasher), replace(RECORD, secret=as_django_stored(PASSWORD))).obstacles
        assert [(obstacle.field, obstacle.reason) for obstacle in told] == [("password", "unreadable_hash")]


def test_upgrade_costs_one_check_and_one_hash(auth):
    """The upgrading login hashes once and stores once; the next one finds nothing to do."""
    join(auth)
    auth = with_foreign_hash(auth)
    inner = auth.hasher.hasher
    inner.runs.clear()
    log_in(auth)
    assert inner.runs == {"hash": 1}
    log_in(auth)
    assert inner.runs == {"hash": 1, "verify": 1}


def test_upgrade_ends_no_session(auth):
    """An upgrade is no change of password: whoever was logged in stays so."""
    join(auth)
    session = log_in(auth)
    auth = with_foreign_hash(auth)
    log_in(auth)
    assert do(auth.authenticate(session.token))


def test_foreign_hash_is_a_current_password(auth):
    """A password can be changed by whoever knows it, whoever made its hash."""
    join(auth)
    session = log_in(auth)
    auth = with_foreign_hash(auth)
    assert isinstance(
        refusal(auth.change_password(token=session.token, current=OTHER_PASSWORD, new=NEW_PASSWORD)), PasswordMismatch
    )
    change_password(auth, session)
    assert attempt(auth, NEW_PASSWORD) is None
    assert isinstance(attempt(auth, PASSWORD), InvalidCredentials)


def test_stranger_costs_what_an_upgraded_member_does(auth):
    """Once a hash is upgraded, a wrong password and an unknown name cost the same run."""
    join(auth)
    auth = with_foreign_hash(auth)
    log_in(auth)
    runs = []
    for name in (ADA, "nobody@example.org"):
        auth.hasher.hasher.runs.clear()
        refusal(auth.log_in(identifier=name, password=OTHER_PASSWORD))
        runs.append(dict(auth.hasher.hasher.runs))
    assert runs == [{"verify": 1}] * 2


@pytest.mark.parametrize("lost", ["$argon2id$v=19$m=4194304,t=1,p=1$c2FsdA$dGFn", "pepper$gone$quick$1$00$x", "!x", ""])
def test_hash_that_nobody_can_read_costs_the_same(auth, lost):
    """An account whose hash is too dear, unknown or of a lost pepper fails like any other, for one run."""
    join(auth)
    (credential,) = kept(auth, Credential)
    put(auth, credential, secret=lost)
    auth.hasher.runs.clear()
    assert type(attempt(auth, PASSWORD)) is InvalidCredentials
    assert auth.hasher.runs == {"verify": 1}
    assert secret(auth) == lost


# --- peppers ----------------------------------------------------------------------------------------------------------


def test_every_step_of_a_pepper_lets_people_in():
    """From no pepper to one, to the next, and back to none: the same password opens, and its hash follows."""
    auth = build_auth(keyring=Keyring([ROOT]), hasher=Argon2Hasher.cheapest())
    join(auth)
    session = log_in(auth)
    prefixes = {
        "pepper$p1$": peppered(P1),
        "pepper$p2$": peppered(P2, P1),
        "$argon2id$": peppered(P2, P1, for_new=False),
    }
    for prefix, step in prefixes.items():
        auth = moved(auth, step)
        assert isinstance(attempt(auth, OTHER_PASSWORD), InvalidCredentials)
        assert attempt(auth, PASSWORD) is None
        assert secret(auth).startswith(prefix)
        assert do(auth.authenticate(session.token))


def test_lost_pepper_keeps_everybody_out():
    """A password whose pepper is gone opens no more, until that is put back."""
    auth = peppered(P1)
    join(auth)
    lost = moved(auth, peppered(P2))
    assert isinstance(attempt(lost, PASSWORD), InvalidCredentials)
    assert attempt(moved(lost, peppered(P2, P1)), PASSWORD) is None


def test_foreign_hashes_become_peppered():
    """A foreign hash is upgraded to a peppered one at one login."""
    auth = peppered(P1)
    auth = replace(auth, hasher=Upgrading(auth.hasher, accepts=DJANGO))
    join(auth)
    (credential,) = kept(auth, Credential)
    put(auth, credential, secret=as_django_stored(PASSWORD))
    assert attempt(auth, PASSWORD) is None
    assert secret(auth).startswith("pepper$p1$")
    assert attempt(auth, PASSWORD) is None
