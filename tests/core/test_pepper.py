"""Peppers: what goes into a hash, what opens, and what is replaced."""

import hashlib
import hmac
from dataclasses import replace

import pytest
from hypothesis import given, strategies as st

from authcore.errors import ConfigurationError, InvalidPassword
from authcore.foreign_hashes import DJANGO, Upgrading
from authcore.hashing import Argon2Hasher, memory_of
from authcore.keyring import Keyring, RootKey
from authcore.pepper import Peppered
from tests.core.foreign import as_django_stored

SALT = bytes(range(16))
PLAIN = Argon2Hasher.cheapest()
ROOT, P1, P2 = (RootKey(kid, hashlib.sha256(kid.encode()).digest()) for kid in ("root", "p1", "p2"))
BOTH = Keyring([ROOT], peppers=[P2, P1])
OLD, NEW = (Peppered(PLAIN, Keyring([ROOT], peppers=[pepper])) for pepper in (P1, P2))
TURNED = Peppered(PLAIN, BOTH)
PARTING = replace(TURNED, for_new=False)
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=120)


class TestHash:
    """What goes into a hash."""

    def test_known_answer(self):
        """What is hashed is the HMAC-SHA256 of the password under HKDF's key for peppers; or all hashes would die."""
        extracted = hmac.digest(b"authcore", P2.secret, "sha256")
        key = hmac.digest(extracted, b"authcore/pepper\x01", "sha256")
        digest = hmac.digest(key, "pässword".encode(), "sha256").hex()
        assert TURNED.hash("pässword", SALT) == "pepper$p2$" + PLAIN.hash(digest, SALT)

    def test_hash_is_worth_nothing_without_its_pepper(self):
        """Whoever has the hash and the password, but not the pepper, cannot tell that they belong together."""
        kept = NEW.hash("a password", SALT).removeprefix("pepper$p2$")
        assert not PLAIN.verify(kept, "a password")
        assert not OLD.verify(f"pepper$p1${kept}", "a password")
        assert NEW.verify(f"pepper$p2${kept}", "a password")

    @given(st.text(max_size=120), st.text(max_size=120))
    def test_every_password_opens_its_own(self, password, other):
        """The hash of any text verifies it, and no other text."""
        stored = TURNED.hash(password, SALT)
        assert TURNED.verify(stored, password)
        assert TURNED.verify(stored, other) == (password == other)

    def test_pepper_is_not_shown(self):
        """No repr of a hasher holds a secret."""
        assert repr(P2.secret) not in repr(TURNED)

    def test_lone_surrogate_has_no_hash(self):
        """Text without bytes is refused as a new password, and matches nothing."""
        with pytest.raises(InvalidPassword) as caught:
            TURNED.hash("hunter2\ud800", SALT)
        assert (caught.value.reason, caught.value.__context__) == ("malformed", None)
        assert not TURNED.verify(TURNED.hash("hunter2", SALT), "hunter2\ud800")


class TestRotation:
    """From none to one, to the next, and back."""

    @pytest.mark.parametrize(
        ("before", "after"), [(PLAIN, OLD), (OLD, TURNED), (PLAIN, TURNED), (TURNED, PARTING), (OLD, PARTING)]
    )
    def test_every_step_lets_in_and_replaces(self, before, after):
        """A hash of the step before opens, and is replaced by one that is not replaced again."""
        stored = before.hash("a password", SALT)
        assert after.knows(stored)
        assert after.verify(stored, "a password")
        assert not after.verify(stored, "another one")
        assert after.needs_rehash(stored)
        assert not after.needs_rehash(after.hash("a password", SALT))

    def test_way_back_leads_to_plain_hashes(self):
        """Without `for_new` a plain hasher can go on once everybody has been in."""
        stored = PARTING.hash("a password", SALT)
        assert (stored, PARTING.dummy()) == (PLAIN.hash("a password", SALT), PLAIN.dummy())
        assert not PARTING.needs_rehash(stored)

    def test_outdated_parameters_are_replaced_too(self):
        """A hash of the pepper of now and of other parameters is made anew."""
        assert Peppered(Argon2Hasher(), BOTH).needs_rehash(TURNED.hash("a password", SALT))

    def test_lost_pepper_opens_nothing(self):
        """A hash whose pepper is not in the keyring opens to nobody, is unknown, and would be replaced."""
        stored = OLD.hash("a password", SALT)
        assert not NEW.verify(stored, "a password")
        assert not NEW.knows(stored)
        assert NEW.needs_rehash(stored)

    def test_no_pepper_is_refused(self):
        """A hasher that would pepper nothing is refused."""
        with pytest.raises(ConfigurationError, match=r"^the keyring holds no pepper: set AUTHCORE_PEPPERS"):
            Peppered(PLAIN, Keyring([ROOT]))


class TestStored:
    """Stored strings of every kind."""

    @pytest.mark.parametrize(
        "stored",
        [
            "",
            "pepper$",
            "pepper$p2",
            "pepper$p2$",
            "pepper$$" + PLAIN.dummy(),
            "pepper$root$" + PLAIN.dummy(),
            "pepper$P2$" + PLAIN.dummy(),
            "pepper$p2$pepper$p2$" + PLAIN.dummy(),
            "pepper$p2$" + PLAIN.dummy() + "$x",
            "Pepper$p2$" + PLAIN.dummy(),
        ],
    )
    def test_anything_else_is_unknown(self, stored):
        """What is not written as we write it opens to nobody; a root key is no pepper."""
        assert not TURNED.knows(stored)
        assert not TURNED.verify(stored, "a password")

    @given(ANY_TEXT, ANY_TEXT, st.booleans())
    def test_garbage_never_raises(self, stored, password, peppered):
        """No stored text and no password make verifying fail."""
        assert not TURNED.verify("pepper$p2$" * peppered + stored, password)
        TURNED.needs_rehash("pepper$" * peppered + stored)


class TestDummy:
    """What strangers are checked against."""

    @pytest.mark.parametrize("hasher", [TURNED, Upgrading(TURNED, accepts=DJANGO), Peppered(Argon2Hasher(), BOTH)])
    def test_it_is_like_a_hash_of_now(self, hasher):
        """The dummy is known, up to date, and named like a new hash."""
        assert hasher.knows(hasher.dummy())
        assert not hasher.needs_rehash(hasher.dummy())
        assert hasher.dummy().startswith("pepper$p2$$argon2id$")

    def test_it_is_really_run(self, monkeypatch):
        """Verifying the dummy takes the same two steps as verifying a member's hash."""
        seen = []
        monkeypatch.setattr(Argon2Hasher, "verify", lambda self, stored, password: seen.append((stored, password)))
        for stored in (TURNED.dummy(), TURNED.hash("a password", SALT)):
            TURNED.verify(stored, "a password")
        (dummy, one), (_, other) = seen
        assert (dummy, one) == (PLAIN.dummy(), other)


class TestComposing:
    """With hashes of other systems, and with a pool."""

    @pytest.mark.parametrize(
        "hasher",
        [Upgrading(TURNED, accepts=DJANGO), Peppered(Upgrading(PLAIN, accepts=DJANGO), BOTH)],
        ids=["pepper inside", "pepper outside"],
    )
    def test_foreign_hashes_become_peppered(self, hasher):
        """A foreign hash opens, and what replaces it is peppered, in whichever order the two were put together."""
        foreign, own = as_django_stored("a password"), hasher.hash("a password", SALT)
        assert hasher.knows(foreign)
        assert hasher.verify(foreign, "a password")
        assert not hasher.verify(foreign, "another one")
        assert hasher.needs_rehash(foreign)
        assert own == TURNED.hash("a password", SALT)
        assert hasher.verify(own, "a password")
        assert not hasher.needs_rehash(own)

    def test_equal_hashers_are_one(self):
        """Equal hashers are equal and hash alike, as the port asks."""
        again = Peppered(Argon2Hasher.cheapest(), Keyring([ROOT], peppers=(P2, P1)))
        assert (again, hash(again)) == (TURNED, hash(TURNED))

    def test_memory_is_the_hasher_s(self):
        """It takes as much memory as the hasher inside."""
        assert memory_of(Upgrading(Peppered(Argon2Hasher(), BOTH), accepts=DJANGO)) == 64 * 2**20
