"""Hashes of other systems: what is recognised, what is checked, and what never runs.  Logins are tested in flows/."""

import hashlib
import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace

import bcrypt
import pytest
from argon2 import low_level
from hypothesis import assume, given, settings, strategies as st

from authcore import foreign_hashes
from authcore.errors import ConfigurationError, Overloaded
from authcore.foreign_hashes import (
    DJANGO,
    WERKZEUG,
    Bcrypt,
    DjangoArgon2,
    DjangoBcrypt,
    DjangoPbkdf2,
    DjangoScrypt,
    Upgrading,
    WerkzeugPbkdf2,
    WerkzeugScrypt,
)
from authcore.hashing import Argon2Hasher, memory_of
from tests.core.foreign import as_django_stored, scheme, vectors

SALT = bytes(range(16))
OWN = Argon2Hasher.cheapest()
EVERY = Upgrading(OWN, accepts=(*DJANGO, *WERKZEUG, DjangoBcrypt(), Bcrypt()))
CAPPED = Upgrading(
    OWN,
    accepts=(
        DjangoPbkdf2(max_iterations=9999),
        WerkzeugPbkdf2(max_iterations=9999),
        DjangoScrypt(max_memory_cost=512, max_parallelism=2),
        WerkzeugScrypt(max_memory_cost=512, max_parallelism=2),
        DjangoArgon2(limits=replace(OWN, max_memory_cost=128, max_time_cost=2, max_parallelism=2)),
        DjangoBcrypt(max_cost=5),
        Bcrypt(max_cost=5),
    ),
)
"""Every scheme, with costs that a test can pay thousands of times."""

VECTORS = vectors()
QUICK = [vector for vector in VECTORS if vector.is_quick]
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=200)

COSTLY = [(hashlib, "pbkdf2_hmac"), (hashlib, "scrypt"), (bcrypt, "checkpw"), (low_level, "verify_secret")]

B43, B88, H64, H128 = "A" * 43 + "=", "A" * 86 + "==", "a" * 64, "a" * 128
ARGON2 = f"$argon2id$v=19$m=64,t=1,p=1${'A' * 22}${'A' * 43}"
BCRYPT = f"$04${'.' * 53}"

UNUSABLE = {
    "empty": "",
    "no password, as Django writes it": "!" + "A" * 40,
    "plain text": "correct horse battery staple",
    "no iterations": f"pbkdf2_sha256$0$salt${B43}",
    "leading zero": f"pbkdf2_sha256$01$salt${B43}",
    "signed": f"pbkdf2_sha256$+1$salt${B43}",
    "other digits": f"pbkdf2_sha256$\u0661$salt${B43}",
    "ten digits": f"pbkdf2_sha256$1000000000$salt${B43}",
    "too many iterations": f"pbkdf2_sha256$10000$salt${B43}",
    "no salt": f"pbkdf2_sha256$1$${B43}",
    "long salt": f"pbkdf2_sha256$1${'s' * 129}${B43}",
    "salt with a space": f"pbkdf2_sha256$1$sa lt${B43}",
    "salt beyond ASCII": f"pbkdf2_sha256$1$sält${B43}",
    "other digest": f"pbkdf2_md5$1$salt${B43}",
    "no tag": "pbkdf2_sha256$1$salt$",
    "tag of another digest": f"pbkdf2_sha1$1$salt${B43}",
    "short tag": f"pbkdf2_sha256$1$salt${'A' * 27}=",
    "loose bits": f"pbkdf2_sha256$1$salt${'A' * 42}B=",
    "padding twice": f"pbkdf2_sha256$1$salt${'A' * 42}==",
    "no padding": f"pbkdf2_sha256$1$salt${'A' * 43}",
    "impossible length": f"pbkdf2_sha256$1$salt${'A' * 40}=",
    "trailing newline": f"pbkdf2_sha256$1$salt${B43}\n",
    "more": f"pbkdf2_sha256$1$salt${B43}$x",
    "something before": f"xpbkdf2_sha256$1$salt${B43}",
    "werkzeug, unknown digest": f"pbkdf2:md5:1$salt${'a' * 32}",
    "werkzeug, no iterations told": f"pbkdf2:sha256$salt${H64}",
    "werkzeug, too many iterations": f"pbkdf2:sha256:10000$salt${H64}",
    "werkzeug, upper-case digits": f"pbkdf2:sha256:1$salt${H64.upper()}",
    "werkzeug, half an octet": f"pbkdf2:sha256:1$salt${H64[:-1]}",
    "werkzeug, half a tag": f"pbkdf2:sha512:1$salt${H64}",
    "werkzeug, salted digest": f"sha256$salt${H64}",
    "scrypt, n of no power": f"scrypt$24$salt$8$1${B88}",
    "scrypt, n of one": f"scrypt$1$salt$8$1${B88}",
    "scrypt, n beyond what r allows": f"scrypt:65536:1:1$salt${H128}",
    "scrypt, too much memory by n": f"scrypt$1024$salt$8$1${B88}",
    "scrypt, too much memory by r": f"scrypt$16$salt$9999$1${B88}",
    "scrypt, too many lanes": f"scrypt$16$salt$8$3${B88}",
    "scrypt, six digits": f"scrypt$16$salt$100000$1${B88}",
    "scrypt, loose bits": f"scrypt$16$salt$8$1${'A' * 85}B==",
    "scrypt, order of werkzeug": f"scrypt$16$8$1$salt${B88}",
    "werkzeug, too much memory": f"scrypt:1024:8:1$salt${H128}",
    "werkzeug, too many lanes": f"scrypt:16:8:3$salt${H128}",
    "werkzeug, short scrypt tag": f"scrypt:16:8:1$salt${H128[:-2]}",
    "Django's Argon2i": "argon2" + ARGON2.replace("argon2id", "argon2i"),
    "Django's Argon2d": "argon2" + ARGON2.replace("argon2id", "argon2d"),
    "Argon2, something before": "xargon2" + ARGON2,
    "Argon2, twice the prefix": "argon2argon2" + ARGON2,
    "Argon2, too much memory": "argon2" + ARGON2.replace("m=64", "m=129"),
    "Argon2, too many passes": "argon2" + ARGON2.replace("t=1", "t=3"),
    "bcrypt, broken variant": "$2x" + BCRYPT,
    "bcrypt, no variant": "$2" + BCRYPT,
    "bcrypt, too little cost": "$2b$03" + BCRYPT[3:],
    "bcrypt, too much cost": "$2b$06" + BCRYPT[3:],
    "bcrypt, impossible cost": "$2b$32" + BCRYPT[3:],
    "bcrypt, one digit": "$2b$4" + BCRYPT[3:],
    "bcrypt, loose bits of the salt": f"$2b$04${'.' * 21}A{'.' * 31}",
    "bcrypt, loose bits of the tag": f"$2b$04${'.' * 52}/",
    "bcrypt, short": f"$2b$04${'.' * 52}",
    "bcrypt, trailing newline": f"$2b{BCRYPT}\n",
    "Django's bcrypt of another name": f"bcrypt_sha1$$2b{BCRYPT}",
    "Django's bcrypt, too much cost": f"bcrypt_sha256$$2b$06{BCRYPT[3:]}",
    "Django's bcrypt without a dollar": f"bcrypt$2b{BCRYPT}",
}


@pytest.fixture
def runs(monkeypatch):
    """How often each of the costly functions ran."""
    seen = Counter()

    def watch(owner, name):
        real = getattr(owner, name)

        def spy(*given, **named):
            seen[name] += 1
            return real(*given, **named)

        monkeypatch.setattr(owner, name, spy)

    for owner, name in COSTLY:
        watch(owner, name)
    return seen


class TestKnownAnswers:
    """Hashes that the real libraries made."""

    @pytest.mark.parametrize("vector", VECTORS, ids=str)
    def test_right_password_opens(self, vector):
        """What another library has hashed, with its own costs or others, opens here, and calls for a new hash."""
        assert EVERY.knows(vector.stored)
        assert EVERY.needs_rehash(vector.stored)
        assert EVERY.verify(vector.stored, vector.password)

    @pytest.mark.parametrize("vector", QUICK, ids=str)
    def test_wrong_password_does_not(self, vector):
        """Another password, one in other case and none at all do not open it."""
        for wrong in (vector.password + "x", vector.password.swapcase() + "y", vector.password[1:], ""):
            assert not EVERY.verify(vector.stored, wrong)

    @pytest.mark.parametrize("vector", VECTORS, ids=str)
    def test_one_scheme_recognises_it(self, vector):
        """What one scheme writes no other one reads."""
        names = [type(each).__name__ for each in EVERY.accepts if each.recognise(vector.stored) is not None]
        assert names == [vector.scheme]

    def test_every_scheme_was_tried(self):
        """Each scheme has a vector that its own library made with its own costs, and others."""
        own, quick = ({each.scheme for each in VECTORS if each.is_quick is so} for so in (False, True))
        assert own == quick == {type(each).__name__ for each in EVERY.accepts}


class TestRefusing:
    """What is not read, and what is not run."""

    @pytest.mark.parametrize("stored", UNUSABLE.values(), ids=UNUSABLE)
    def test_unusable_hash_fails_closed(self, stored, runs):
        """A malformed, unknown or too dear hash opens to nobody, and nothing is run for it."""
        assert not CAPPED.knows(stored)
        assert not CAPPED.verify(stored, "x")
        assert not runs

    @pytest.mark.parametrize(
        "stored",
        [
            f"pbkdf2_sha256$9999$salt${B43}",
            f"pbkdf2:sha256:9999$salt${H64}",
            f"scrypt$256$salt$8$2${B88}",
            f"scrypt:256:8:2$salt${H128}",
            "argon2" + ARGON2.replace("m=64,t=1,p=1", "m=128,t=2,p=2"),
            f"$2b$05{BCRYPT[3:]}",
            f"bcrypt$$2b$05{BCRYPT[3:]}",
        ],
    )
    def test_caps_themselves_are_allowed(self, stored, runs):
        """The dearest hash that the caps allow is known, and run once."""
        assert CAPPED.knows(stored)
        assert not CAPPED.verify(stored, "x")
        assert sum(runs.values()) == 1

    @pytest.mark.parametrize(
        ("n", "r", "known"), [(1, 1, False), (2, 1, True), (3, 1, False), (32768, 1, True), (65536, 1, False)]
    )
    def test_scrypt_takes_what_its_rfc_allows(self, n, r, known):
        """The n of scrypt is a power of two above one, and below two to the power of 16 r (RFC 7914, section 6)."""
        assert EVERY.knows(f"scrypt${n}$salt${r}$1${B88}") is known
        assert EVERY.knows(f"scrypt:{n}:{r}:1$salt${H128}") is known

    @pytest.mark.parametrize(
        ("n", "r", "cap", "known"), [(16, 8, 19, True), (16, 8, 18, False), (4096, 1, 513, True), (4096, 1, 512, False)]
    )
    def test_memory_of_scrypt_is_bounded_exactly(self, n, r, cap, known):
        """The cap is on all that scrypt holds while it runs: n + p + 2 blocks of 128 r bytes."""
        django, werkzeug = DjangoScrypt(max_memory_cost=cap), WerkzeugScrypt(max_memory_cost=cap)
        assert (django.recognise(f"scrypt${n}$salt${r}$1${B88}") is not None) is known
        assert (werkzeug.recognise(f"scrypt:{n}:{r}:1$salt${H128}") is not None) is known

    @given(ANY_TEXT, ANY_TEXT)
    def test_garbage_never_raises(self, stored, password):
        """No stored text makes verifying fail."""
        assert not CAPPED.verify(stored, password)
        assert not CAPPED.knows(stored)

    @settings(max_examples=30)
    @given(
        st.sampled_from(
            [value for name, value in vars(foreign_hashes).items() if name.isupper() and isinstance(value, re.Pattern)]
        ).flatmap(lambda pattern: st.from_regex(pattern, fullmatch=True)),
        ANY_TEXT,
    )
    def test_what_looks_right_never_raises(self, stored, password):
        """No stored text of the right shape makes verifying fail, and nothing matches it by chance."""
        assert not CAPPED.verify(stored, password)
        assert not CAPPED.verify("bcrypt_sha256$" + stored, password)

    @given(st.sampled_from(QUICK), st.data())
    def test_damaged_hash_never_verifies(self, vector, data):
        """One changed character, or a missing end, and the right password opens it no more."""
        # bcrypt's variants are names for one and the same computation.
        variant = vector.stored.find("$2") + 2 if "Bcrypt" in vector.scheme else -1
        place = data.draw(st.integers(0, len(vector.stored) - 1).filter(lambda place: place != variant))
        character = data.draw(st.just("") | st.sampled_from("0189aZ/.=$:") | st.characters(exclude_categories=()))
        assume(character != vector.stored[place])
        rest = vector.stored[place + 1 :] if character else ""
        assert not CAPPED.verify(vector.stored[:place] + character + rest, vector.password)

    @pytest.mark.parametrize("vector", QUICK, ids=str)
    # Without a backslash in a name: pytest finds such a test no more when it collects twice, as mutmut has it do.
    @pytest.mark.parametrize("password", ["{}\0", "{}\0x", "\0{}", "\0"], ids=["behind", "within", "before", "alone"])
    def test_nothing_hides_behind_a_nul(self, vector, password, runs):
        """A password with a NUL, which some schemes cut off or pad with, matches nothing, and costs what others cost.

        Otherwise whoever tries one would tell by the time which accounts still have a foreign hash.
        """
        assert not EVERY.verify(vector.stored, "another one")
        costs = dict(runs)
        runs.clear()
        assert not EVERY.verify(vector.stored, password.format(vector.password))
        assert runs == costs

    @pytest.mark.parametrize("vector", QUICK, ids=str)
    def test_what_has_no_bytes_matches_nothing(self, vector, runs):
        """A lone surrogate is in no password, and costs nothing: nobody logs in with one, whoever is named."""
        assert not EVERY.verify(vector.stored, vector.password + "\ud800")
        assert not runs

    @pytest.mark.parametrize(
        "fault", [ValueError("memory limit exceeded"), MemoryError()], ids=lambda it: type(it).__name__
    )
    def test_weak_machine_is_no_wrong_password(self, monkeypatch, fault):
        """Want of memory is a fault that may pass, neither a mismatch nor a match."""

        def fail(*_, **__):
            raise fault

        monkeypatch.setattr(hashlib, "scrypt", fail)
        with pytest.raises(Overloaded, match=r"^scrypt could not run$"):
            EVERY.verify(f"scrypt$16$salt$8$1${B88}", "x")


class TestBcrypt:
    """The one scheme that looks at a part of the password only."""

    LONG = "é" * 35 + "a" + "é€x"  # the 72nd byte stands amid a character

    def test_first_72_bytes_count(self):
        """Of a longer password 72 bytes are compared, wherever they end; what the hash never held is not asked for."""
        stored = bcrypt.hashpw(self.LONG.encode()[:72], bcrypt.gensalt(4)).decode()
        for plain in (stored, f"bcrypt${stored}"):
            assert EVERY.verify(plain, self.LONG)
            assert EVERY.verify(plain, self.LONG + "more")
            assert not EVERY.verify(plain, self.LONG[:35] + "b" + self.LONG[36:])

    def test_django_s_digest_takes_the_whole(self):
        """`bcrypt_sha256` compares every character, however many there are."""
        (vector,) = (each for each in QUICK if each.stored.startswith("bcrypt_sha256") and len(each.password) > 72)
        assert EVERY.verify(vector.stored, vector.password)
        assert not EVERY.verify(vector.stored, vector.password[:-1] + "x")
        assert not EVERY.verify(vector.stored, vector.password + "x")

    @pytest.mark.parametrize("kind", [Bcrypt, DjangoBcrypt])
    def test_missing_library_is_told_at_the_start(self, monkeypatch, kind):
        """Without the library neither scheme can be built, and the error says what to install."""
        monkeypatch.setitem(sys.modules, "bcrypt", None)
        with pytest.raises(
            ModuleNotFoundError, match=r'^bcrypt hashes need .*: pip install "authcore\[legacy\]"$'
        ) as told:
            kind()
        assert told.value.name == "bcrypt"


class TestUpgrading:
    """The composed hasher."""

    def test_it_makes_our_own_hashes(self):
        """New hashes and dummies are those of the hasher inside, and are not outdated."""
        own = EVERY.hash("x", SALT)
        assert (own, EVERY.dummy()) == (OWN.hash("x", SALT), OWN.dummy())
        assert EVERY.knows(own)
        assert EVERY.verify(own, "x")
        assert not EVERY.verify(own, "y")
        assert not EVERY.needs_rehash(own)
        assert Upgrading(Argon2Hasher(), accepts=DJANGO).needs_rehash(own)

    def test_dummy_is_really_run(self, runs):
        """The dummy is run like a hash of today's, once."""
        assert not EVERY.verify(EVERY.dummy(), "x")
        assert runs == {"verify_secret": 1}

    def test_own_hashes_are_shown_to_no_scheme(self):
        """What the hasher inside knows is its own, even if a scheme would recognise it."""

        class Greedy:
            def recognise(self, stored, /):
                return lambda password: True

        hasher = Upgrading(OWN, accepts=[Greedy()])
        assert not hasher.verify(OWN.hash("x", SALT), "y")
        assert not hasher.needs_rehash(OWN.dummy())
        assert hasher.verify("anything else", "y")

    def test_schemes_that_are_not_accepted_are_unknown(self):
        """A hash of a scheme that was not named opens to nobody."""
        stored = as_django_stored("x")
        hasher = Upgrading(OWN, accepts=WERKZEUG)
        assert EVERY.verify(stored, "x")
        assert not hasher.verify(stored, "x")
        assert not hasher.knows(stored)

    def test_accepting_nothing_is_refused(self):
        """A hasher that accepts nothing is a mistake."""
        with pytest.raises(ConfigurationError, match=r"^say which foreign hashes .* accepts=DJANGO$"):
            Upgrading(OWN, accepts=[])

    def test_equal_hashers_are_one(self):
        """Equal hashers are equal and hash alike, as the port asks; a list that was given may change later."""
        accepts = [scheme(each.scheme) for each in QUICK]
        one, other = Upgrading(OWN, accepts=accepts), Upgrading(OWN, accepts=tuple(accepts))
        accepts.clear()
        assert (one, hash(one)) == (other, hash(other))

    def test_memory_is_the_hasher_s(self):
        """It takes as much memory as the hashes that it makes."""
        assert memory_of(Upgrading(Argon2Hasher(), accepts=DJANGO)) == 64 * 2**20


def test_importing_loads_no_bcrypt():
    """Importing the module, and building every scheme, does not load the C library."""
    code = (
        "import sys; from authcore.foreign_hashes import *; Bcrypt(), DjangoBcrypt(); sys.exit('bcrypt' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
