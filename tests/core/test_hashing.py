"""Hashing with Argon2id: parameters, stored strings and their bounds.  The rules for passwords are tested elsewhere."""

import os
import subprocess
import sys
from dataclasses import replace
from typing import Literal
from unicodedata import normalize

import pytest
from argon2 import exceptions, extract_parameters, low_level
from argon2.profiles import RFC_9106_HIGH_MEMORY, RFC_9106_LOW_MEMORY
from hypothesis import assume, given, strategies as st

from authcore.errors import ConfigurationError, InvalidPassword, Overloaded
from authcore.hashing import Argon2Hasher
from authcore.passwords import normalise

MIB = 1024
SALT = bytes(range(16))
CHEAP = Argon2Hasher.cheapest()
STORED = CHEAP.hash("a secret of many words", SALT)

PROFILES = {
    "low memory": Argon2Hasher.rfc9106_low_memory(),
    "high memory": Argon2Hasher.rfc9106_high_memory(),
    "minimum": Argon2Hasher.owasp_minimum(),
    "cheapest": CHEAP,
    "longer": Argon2Hasher(salt_len=17, hash_len=64),
}

# Made by OpenSSL 3's Argon2id, of the bytes 0 to 15 as salt.
OPENSSL = {
    "correct horse battery staple": "gYJZtjEAJqjg26xdLmknq8/bB7MiWPrE9hsYuA+SkIU",
    "пароль\x00😀": "fYIoUJJ8xtKtALLkWw0nKrw8A+d8paDBqJUjMOlIkO8",
}

# From the tests of the reference implementation: "password", "somesalt".
REFERENCE = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"

B22, B43 = "A" * 22, "A" * 43

UNUSABLE = {
    "empty": "",
    "plain text": "a secret of many words",
    "bcrypt": "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
    "Django's prefix": "argon2" + STORED,
    "Argon2i": f"$argon2i$v=19$m=64,t=1,p=1${B22}${B43}",
    "Argon2d": f"$argon2d$v=19$m=64,t=1,p=1${B22}${B43}",
    "version 16": f"$argon2id$v=16$m=64,t=1,p=1${B22}${B43}",
    "no version": f"$argon2id$m=64,t=1,p=1${B22}${B43}",
    "other order": f"$argon2id$v=19$t=1,m=64,p=1${B22}${B43}",
    "zero": f"$argon2id$v=19$m=64,t=0,p=1${B22}${B43}",
    "leading zero": f"$argon2id$v=19$m=064,t=1,p=1${B22}${B43}",
    "signed": f"$argon2id$v=19$m=+64,t=1,p=1${B22}${B43}",
    "other digits": f"$argon2id$v=19$m=\u0666\u0664,t=1,p=1${B22}${B43}",
    "too few blocks": f"$argon2id$v=19$m=64,t=1,p=9${B22}${B43}",
    "short salt": f"$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAA${B43}",
    "short tag": f"$argon2id$v=19$m=64,t=1,p=1${B22}$AAAAAA",
    "no tag": f"$argon2id$v=19$m=64,t=1,p=1${B22}",
    "padded": f"$argon2id$v=19$m=64,t=1,p=1${B22}==${B43}",
    "loose bits": f"$argon2id$v=19$m=64,t=1,p=1${B22[:-1]}B${B43}",
    "impossible length": f"$argon2id$v=19$m=64,t=1,p=1${B22}${'A' * 41}",
    "trailing newline": STORED + "\n",
    "trailing NUL": STORED + "\x00",
    "more": STORED + "$x",
    "not ASCII": STORED[:-1] + "é",
    "lone surrogate": STORED[:-1] + "\ud800",
    "4 GiB": f"$argon2id$v=19$m=4194304,t=1,p=1${B22}${B43}",
    "ten digits": f"$argon2id$v=19$m=9999999999,t=1,p=1${B22}${B43}",
    "many passes": f"$argon2id$v=19$m=64,t=4000000000,p=1${B22}${B43}",
    "many lanes": f"$argon2id$v=19$m=262144,t=1,p=17${B22}${B43}",
}


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The stored strings that reach the library."""
    seen: list[str] = []
    real = low_level.verify_secret

    def spy(stored: bytes, secret: bytes, kind: low_level.Type) -> bool:
        seen.append(stored.decode())
        return real(stored, secret, kind)

    monkeypatch.setattr(low_level, "verify_secret", spy)
    return seen


class TestParameters:
    """ASVS 11.4.2: current parameters, and none below the minimum."""

    def test_profiles_are_those_of_their_sources(self) -> None:
        """The RFC's two options and OWASP's minimum have the published numbers; the default is the RFC's second."""
        for ours, theirs in (
            (Argon2Hasher.rfc9106_low_memory(), RFC_9106_LOW_MEMORY),
            (Argon2Hasher.rfc9106_high_memory(), RFC_9106_HIGH_MEMORY),
        ):
            assert extract_parameters(ours.dummy()) == theirs
        minimum = Argon2Hasher.owasp_minimum()
        assert (minimum.memory_cost, minimum.time_cost, minimum.parallelism) == (19 * MIB, 2, 1)
        assert Argon2Hasher() == Argon2Hasher.rfc9106_low_memory()

    @pytest.mark.parametrize(("passes", "memory"), [(2, 19 * MIB - 1), (1, 46 * MIB - 1), (0, 64 * MIB), (9, 8)])
    def test_below_the_minimum_is_refused(self, passes: int, memory: int) -> None:
        """Parameters weaker than OWASP's minimum cannot be configured."""
        with pytest.raises(ConfigurationError, match="OWASP"):
            Argon2Hasher(time_cost=passes, memory_cost=memory, parallelism=1)

    def test_one_pass_needs_more_memory(self) -> None:
        """A single pass is allowed with 46 MiB."""
        assert Argon2Hasher(time_cost=1, memory_cost=46 * MIB).time_cost == 1

    @pytest.mark.parametrize(
        "wrong",
        [
            {"parallelism": 0},
            {"parallelism": 8193},
            {"salt_len": 15},
            {"salt_len": 65},
            {"hash_len": 15},
            {"hash_len": 65},
            {"max_memory_cost": 64 * MIB - 1},
            {"max_time_cost": 2},
            {"max_parallelism": 3},
        ],
    )
    def test_contradictions_are_refused(self, wrong: dict[str, int]) -> None:
        """Impossible lanes, short or endless salts and tags, and caps below the hasher's own costs are refused."""
        with pytest.raises(ConfigurationError):
            Argon2Hasher(**wrong)

    def test_cheapest_is_not_mistaken_for_a_profile(self) -> None:
        """The hasher for tests shows what it is, and no argument of the constructor leads to it."""
        assert "Cheapest" in repr(CHEAP)
        with pytest.raises(ConfigurationError):
            Argon2Hasher(time_cost=CHEAP.time_cost, memory_cost=CHEAP.memory_cost, parallelism=CHEAP.parallelism)


class TestKnownAnswers:
    """Hashes that other implementations made."""

    @pytest.mark.parametrize("password", OPENSSL)
    def test_another_implementation_agrees(self, password: str) -> None:
        """OpenSSL derives the same tag from the same password, salt and parameters."""
        stored = f"$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw${OPENSSL[password]}"
        hasher = Argon2Hasher.owasp_minimum()
        assert hasher.hash(password, SALT) == stored
        assert hasher.verify(stored, password)

    def test_the_reference_agrees(self) -> None:
        """A hash from the tests of the reference implementation verifies, with its shorter salt."""
        assert Argon2Hasher().verify(REFERENCE, "password")
        assert not Argon2Hasher().verify(REFERENCE, "Password")


class TestVerify:
    """Stored strings and passwords that match, that do not, and that never could."""

    @given(st.text(max_size=300))
    def test_a_hash_verifies(self, password: str) -> None:
        """The hash of any text verifies it."""
        assert CHEAP.verify(CHEAP.hash(password, SALT), password)

    @given(st.text(max_size=100), st.text(max_size=100))
    def test_another_password_does_not(self, password: str, other: str) -> None:
        """The hash of one text verifies no other."""
        assume(password != other)
        assert not CHEAP.verify(CHEAP.hash(password, SALT), other)

    @given(st.text(max_size=14), st.sampled_from(["NFC", "NFD"]))
    def test_every_way_to_type_it_verifies(self, password: str, form: Literal["NFC", "NFD"]) -> None:
        """A password hashed in its normal form verifies however it is composed at login."""
        stored = CHEAP.hash(normalise(password), SALT)
        assert CHEAP.verify(stored, normalise(normalize(form, password)))

    @pytest.mark.parametrize("index", [0, 64, 72, 255, 999])
    def test_every_character_counts(self, index: int) -> None:
        """Passwords that differ at byte 1, 65, 73, 256 or 1000 only are different."""
        password = normalise("a" * 1000, max_length=1000)
        other = password[:index] + "b" + password[index + 1 :]
        assert not CHEAP.verify(CHEAP.hash(password, SALT), other)

    def test_nul_ends_nothing(self) -> None:
        """What follows a NUL is part of the password."""
        assert not CHEAP.verify(CHEAP.hash("a\x00b", SALT), "a\x00c")
        assert not CHEAP.verify(CHEAP.hash("a\x00b", SALT), "a")

    @pytest.mark.parametrize("stored", UNUSABLE.values(), ids=UNUSABLE)
    def test_an_unusable_stored_hash_fails_closed(self, stored: str, runs: list[str]) -> None:
        """A malformed, foreign or too dear stored hash is refused before the library sees it."""
        assert not Argon2Hasher().verify(stored, "a secret of many words")
        assert not Argon2Hasher().knows(stored)
        assert Argon2Hasher().needs_rehash(stored)
        assert runs == []

    @given(st.text(st.characters(exclude_categories=()), max_size=200))
    def test_garbage_never_raises(self, stored: str) -> None:
        """No stored string makes verifying fail."""
        assert not CHEAP.verify(stored, "x")

    @given(st.integers(0, len(STORED) - 1), st.characters(exclude_categories=()))
    def test_a_damaged_hash_never_verifies(self, index: int, character: str) -> None:
        """One changed character of a stored hash makes it verify nothing, and raises nothing."""
        assume(STORED[index] != character)
        damaged = STORED[:index] + character + STORED[index + 1 :]
        assert not CHEAP.verify(damaged, "a secret of many words")

    def test_caps_are_the_hasher_s(self, runs: list[str]) -> None:
        """The dearest hash that the caps allow runs, and the next one does not."""
        hasher = replace(CHEAP, max_memory_cost=64, max_time_cost=2, max_parallelism=2)
        allowed = f"$argon2id$v=19$m=64,t=2,p=2${B22}${B43}"
        for stored in (allowed.replace("=64", "=65"), allowed.replace("t=2", "t=3"), allowed.replace("p=2", "p=3")):
            assert not hasher.verify(stored, "x")
        assert runs == []
        assert not hasher.verify(allowed, "x")
        assert runs == [allowed]

    def test_a_lone_surrogate_matches_nothing(self) -> None:
        """Text without bytes verifies against nothing, and is refused as a new password."""
        assert not CHEAP.verify(STORED, "\ud800")
        with pytest.raises(InvalidPassword) as caught:
            CHEAP.hash("hunter2\ud800", SALT)
        assert caught.value.reason == "malformed"
        assert caught.value.__context__ is None

    def test_a_weak_machine_is_no_wrong_password(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Want of memory is a fault that may pass, neither a mismatch nor a match."""

        def no_memory(*_: object) -> None:
            raise exceptions.VerificationError("Memory allocation error")

        def no_memory_either(*_: object) -> None:
            raise exceptions.HashingError("Memory allocation error")

        monkeypatch.setattr(low_level, "verify_secret", no_memory)
        monkeypatch.setattr(low_level, "hash_secret", no_memory_either)
        with pytest.raises(Overloaded):
            CHEAP.verify(STORED, "x")
        with pytest.raises(Overloaded):
            CHEAP.hash("x", SALT)


class TestHash:
    """New hashes."""

    def test_says_how_it_was_made(self) -> None:
        """A hash carries its parameters and its salt, and needs no other."""
        hasher = Argon2Hasher.owasp_minimum()
        assert extract_parameters(hasher.hash("x", SALT)) == extract_parameters(hasher.dummy())
        assert not hasher.needs_rehash(hasher.hash("x", SALT))
        assert hasher.knows(hasher.hash("x", SALT))

    def test_is_a_function_of_password_and_salt(self) -> None:
        """Equal inputs give equal hashes, another salt another hash: randomness comes from outside."""
        assert CHEAP.hash("x", SALT) == CHEAP.hash("x", SALT)
        assert CHEAP.hash("x", SALT) != CHEAP.hash("x", SALT[::-1])

    @pytest.mark.parametrize("salt", [b"", SALT[:15], SALT + b"\x00"])
    def test_a_salt_of_another_length_is_refused(self, salt: bytes) -> None:
        """A hasher takes salts of its own length only."""
        with pytest.raises(ConfigurationError, match="16 bytes"):
            CHEAP.hash("x", salt)


class TestRehash:
    """Stored hashes that are to be made anew."""

    @pytest.mark.parametrize("other", PROFILES.values(), ids=PROFILES)
    @pytest.mark.parametrize("hasher", PROFILES.values(), ids=PROFILES)
    def test_exactly_other_parameters_need_it(self, hasher: Argon2Hasher, other: Argon2Hasher) -> None:
        """A stored hash is made anew when, and only when, any parameter differs, stronger or weaker."""
        assert hasher.needs_rehash(other.dummy()) == (other.dummy() != hasher.dummy())


class TestDummy:
    """What strangers are checked against."""

    @pytest.mark.parametrize("hasher", PROFILES.values(), ids=PROFILES)
    def test_has_the_parameters_of_a_real_hash(self, hasher: Argon2Hasher) -> None:
        """The dummy is well-formed and costs exactly what the hasher's own hashes cost."""
        found = extract_parameters(hasher.dummy())
        assert (found.memory_cost, found.time_cost, found.parallelism) == (
            hasher.memory_cost,
            hasher.time_cost,
            hasher.parallelism,
        )
        assert (found.salt_len, found.hash_len) == (hasher.salt_len, hasher.hash_len)

    @given(st.text(max_size=100))
    def test_no_password_matches(self, password: str) -> None:
        """No text verifies against the dummy."""
        assert not CHEAP.verify(CHEAP.dummy(), password)

    def test_is_really_run(self, runs: list[str]) -> None:
        """Verifying the dummy runs Argon2, or strangers would be told apart by time."""
        assert not CHEAP.verify(CHEAP.dummy(), "x")
        assert runs == [CHEAP.dummy()]

    def test_is_made_without_running(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Making a dummy hashes nothing and is the same each time."""
        monkeypatch.delattr(low_level, "hash_secret")
        assert Argon2Hasher().dummy() == Argon2Hasher().dummy()


def test_importing_loads_no_argon2() -> None:
    """Importing the module, and building a hasher, does not load the C library."""
    code = "import sys, authcore.hashing as h; h.Argon2Hasher().dummy(); sys.exit('argon2' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
