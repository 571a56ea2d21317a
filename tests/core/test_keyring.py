"""The keys: refused if they could be guessed, and separate for each purpose."""

import hashlib
import hmac
import traceback
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given, strategies as st

from authcore.errors import ConfigurationError
from authcore.keyring import Keyring, KeyState, RootKey
from authcore.signing import Algorithm, SigningKey
from tests.core.keys import signing_key

SECRET = hashlib.sha256(b"one").digest()
OTHER = hashlib.sha256(b"two").digest()
THIRD = hashlib.sha256(b"three").digest()
RING = Keyring([RootKey("new", SECRET), RootKey("old", OTHER)])
EDDSA = signing_key(Algorithm.EDDSA)
RS256 = signing_key(Algorithm.RS256)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
PIECES = st.sampled_from([f"new:{SECRET.hex()}", f"old:{OTHER.hex()}", SECRET.hex(), "new", ":", ",", ", ", "="])


def _hkdf(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    """HKDF-SHA256 as RFC 5869 section 2 has it, written anew."""
    extracted = hmac.new(salt, secret, hashlib.sha256).digest()
    blocks = [b""]
    while len(blocks) * 32 < length + 32:
        blocks.append(hmac.new(extracted, blocks[-1] + info + bytes([len(blocks)]), hashlib.sha256).digest())
    return b"".join(blocks)[:length]


def test_the_reference_is_right():
    """The reference that keys are compared with gives the answer of RFC 5869, appendix A.1."""
    expected = (
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"  # OKM of test case 1
    )
    salt, info = bytes(range(13)), bytes(range(0xF0, 0xFA))
    assert _hkdf(b"\x0b" * 22, salt, info, 42).hex() == expected


class TestRootKey:
    """Root secrets."""

    @pytest.mark.parametrize("kid", ["k", "2030-01", "K1", "x" * 64])
    def test_plain_ids_are_accepted(self, kid):
        """A key id is 1 to 64 ASCII letters, digits and hyphens."""
        assert RootKey(kid, SECRET).kid == kid

    @pytest.mark.parametrize(
        "kid", ["", "-", "x" * 65, "a b", "a_b", "ä", "１", "a.b", "../k", "a\n", '"', "a\0", "a,b", "a:b"]
    )
    def test_other_ids_are_refused(self, kid):
        """Any other id, which might not stand in a header, is refused."""
        with pytest.raises(ConfigurationError, match=r"^a key id is 1 to 64 ASCII letters"):
            RootKey(kid, SECRET)

    @pytest.mark.parametrize(
        ("secret", "fault"),
        [
            (b"", "must be at least 32 bytes"),
            (SECRET[:31], "must be at least 32 bytes"),
            (bytes(32), "is not random"),
            (b"password" * 3, "must be at least 32 bytes"),
            (b"a" * 64, "is not random"),
            (b"abcdefg" * 9, "is not random"),
            (SECRET.hex(), "must be bytes"),
            (bytearray(SECRET), "must be bytes"),
            (b"-----BEGIN PUBLIC KEY-----".ljust(64, b"="), ""),
        ],
    )
    def test_guessable_secrets_are_refused(self, secret, fault):
        """A secret that is short, repeats itself or is no bytes is refused, with the reason, and never quoted."""
        said = rf"^the secret of key 'k' {fault}.*: use secrets\.token_bytes"
        with pytest.raises(ConfigurationError, match=said) as caught:
            RootKey("k", secret)
        assert not secret or str(secret) not in str(caught.value)

    def test_variety_is_measured_in_bytes(self):
        """Eight different bytes are enough: whether a secret is random, nobody can tell from the secret."""
        assert RootKey("k", b"abcdefgh" * 4).secret == b"abcdefgh" * 4

    def test_secrets_are_not_shown(self):
        """No repr holds a secret."""
        assert "secret" not in repr(RING)
        assert repr(SECRET)[2:-1] not in repr(RING)
        assert SECRET.hex() not in repr(RING)


class TestKeyring:
    """All keys, newest first."""

    def test_the_first_key_signs(self):
        """The first key is the newest, and all are known by their ids in order."""
        assert (RING.newest_kid, RING.kids) == ("new", ("new", "old"))

    @pytest.mark.parametrize(
        ("keys", "fault"),
        [
            ([], "a keyring needs at least one key"),
            ([RootKey("k", SECRET), RootKey("k", OTHER)], "two keys of a keyring share"),
            ([RootKey("k", SECRET), RootKey("l", SECRET)], "two keys of a keyring share"),
            ([RootKey("k", SECRET), RootKey("k", SECRET)], "two keys of a keyring share"),
        ],
    )
    def test_ambiguous_rings_are_refused(self, keys, fault):
        """A ring without keys, or with two that share an id or a secret, is refused."""
        with pytest.raises(ConfigurationError, match=f"^{fault}"):
            Keyring(keys)

    def test_a_ring_keeps_its_keys(self):
        """What is done to the lists of keys after a ring was made of them changes nothing."""
        keys, verifying = [RootKey("new", SECRET)], [EDDSA]
        ring = Keyring(keys, verifying=verifying)
        keys.clear()
        verifying.clear()
        assert (ring.kids, ring.verifying) == (("new",), (EDDSA,))

    @pytest.mark.parametrize(
        ("signing", "verifying"),
        [
            (signing_key(Algorithm.EDDSA, "new"), []),
            (None, [signing_key(Algorithm.EDDSA, "old")]),
            (SigningKey("s1", Algorithm.HS256, SECRET), []),
            (signing_key(Algorithm.EDDSA), [signing_key(Algorithm.ES256)]),
            (signing_key(Algorithm.EDDSA), [signing_key(Algorithm.EDDSA).verification_key]),
            (
                signing_key(Algorithm.EDDSA),
                [replace(signing_key(Algorithm.EDDSA).verification_key, kid="s2")],
            ),
            (
                signing_key(Algorithm.RS256),
                [replace(signing_key(Algorithm.RS256), kid="s2", algorithm=Algorithm.RS512)],
            ),
        ],
    )
    def test_keys_of_tokens_are_told_apart(self, signing, verifying):
        """A key of tokens that shares its id, its secret or its public half with another one is refused."""
        with pytest.raises(ConfigurationError, match="share an id or a secret"):
            Keyring(RING.keys, signing, verifying)

    @pytest.mark.parametrize("signing", [EDDSA.verification_key, RootKey("s1", hashlib.sha256(b"three").digest())])
    def test_a_ring_can_sign(self, signing):
        """A ring whose signing key could not sign, or is of another sort, is refused."""
        with pytest.raises(ConfigurationError, match=r"^what signs must be a SigningKey$"):
            Keyring(RING.keys, signing)

    def test_other_keys_do_not_verify(self):
        """A root key among the keys that verify is refused."""
        with pytest.raises(ConfigurationError, match=r"^what verifies must be a VerificationKey or a SigningKey$"):
            Keyring(RING.keys, verifying=[RootKey("s1", hashlib.sha256(b"three").digest())])

    def test_codes_need_a_root_key(self):
        """Keys of tokens do not make a ring: codes are derived from a root secret."""
        with pytest.raises(ConfigurationError, match="at least one key"):
            Keyring([], EDDSA)

    @given(st.binary(min_size=32, max_size=80).filter(lambda secret: len(set(secret)) >= 8), WORDS)
    def test_keys_are_derived_by_hkdf(self, secret, purpose):
        """A key is 32 bytes of HKDF-SHA256 with our name as salt, and our name and the purpose as info."""
        derived = Keyring([RootKey("k", secret)]).derive("k", purpose)
        assert derived == _hkdf(secret, b"authcore", b"authcore/" + purpose.encode(), 32)

    def test_known_answer(self):
        """The key of a certain secret and purpose never changes, lest all tokens die of an upgrade."""
        assert RING.derive("new", "code").hex() == "0b53707ce72a9172995f6d3958b90ec4f6d980fb2e390bfb1f7733170638582d"

    @given(WORDS, WORDS)
    def test_purposes_have_keys_of_their_own(self, one, other):
        """Two purposes share a key only if they are one, and no purpose has a root secret for a key."""
        assert (RING.derive("new", one) == RING.derive("new", other)) == (one == other)
        assert RING.derive("new", one) not in {SECRET, OTHER}

    def test_each_key_derives_its_own(self):
        """Different root keys derive different keys for one purpose."""
        assert RING.derive("new", "code") != RING.derive("old", "code")

    @pytest.mark.parametrize("kid", ["", "gone", "NEW", "new ", "new\0"])
    def test_removed_keys_derive_nothing(self, kid):
        """Of a key that the ring does not hold nothing is derived."""
        assert RING.derive(kid, "code") is None


class TestPeppers:
    """Secrets for passwords, apart from those for tokens and codes."""

    RING = Keyring(RING.keys, peppers=[RootKey("p1", THIRD)])

    def test_pepper_is_derived_by_hkdf(self):
        """The key of a pepper is 32 bytes of HKDF-SHA256, with our name as salt and "pepper" as purpose."""
        assert self.RING.pepper("p1") == _hkdf(THIRD, b"authcore", b"authcore/pepper", 32)
        assert self.RING.newest_pepper == "p1"

    def test_peppers_serve_nothing_else(self):
        """No token or code is made of a pepper, and no root key is one."""
        assert self.RING.derive("p1", "pepper") is None
        assert self.RING.pepper("new") is self.RING.pepper("gone") is None
        assert (self.RING.kids, RING.newest_pepper) == (("new", "old"), None)

    @pytest.mark.parametrize(
        "peppers",
        [
            [RootKey("p1", SECRET)],
            [RootKey("old", THIRD)],
            [RootKey("p1", THIRD), RootKey("p2", THIRD)],
            [RootKey("s1", THIRD)],
            [RootKey("p1", hashlib.sha512(b"HS256 s1").digest())],
        ],
    )
    def test_no_secret_serves_two_purposes(self, peppers):
        """A pepper that is also a root secret, a key of tokens, or another pepper is refused, and so is its id."""
        signing = signing_key(Algorithm.HS256)
        with pytest.raises(ConfigurationError, match="share an id or a secret"):
            Keyring(RING.keys, signing, peppers=peppers)

    def test_other_keys_are_no_peppers(self):
        """A key of tokens among the peppers is refused."""
        with pytest.raises(ConfigurationError, match=r"^a pepper must be a RootKey$"):
            Keyring(RING.keys, peppers=[EDDSA])


class TestStates:
    """Signing, verifying, retired."""

    def test_each_key_has_a_state(self):
        """Whatever makes something new is signing, whatever else is there is verifying, and the rest is retired."""
        third = RootKey("p2", hashlib.sha256(b"four").digest())
        ring = Keyring(RING.keys, EDDSA, [signing_key(Algorithm.ES256, "s2")], [RootKey("p1", THIRD), third], ["k0"])
        assert ring.states == {
            "new": KeyState.SIGNING,
            "old": KeyState.VERIFYING,
            "s1": KeyState.SIGNING,
            "s2": KeyState.VERIFYING,
            "p1": KeyState.SIGNING,
            "p2": KeyState.VERIFYING,
            "k0": KeyState.RETIRED,
        }
        assert RING.states == {"new": KeyState.SIGNING, "old": KeyState.VERIFYING}

    @pytest.mark.parametrize("kid", ["new", "old", "s1", "s2", "p1", "k0"])
    def test_retired_id_never_comes_back(self, kid):
        """A key that is retired and still there, or retired twice, is refused."""
        ring = Keyring(RING.keys, EDDSA, [signing_key(Algorithm.ES256, "s2")], [RootKey("p1", THIRD)], ["k0"])
        with pytest.raises(ConfigurationError, match=r"^a retired key must be gone"):
            replace(ring, retired=["k0", kid])

    def test_retired_ids_are_ids(self):
        """What could be the id of no key is not the id of a retired one."""
        with pytest.raises(ConfigurationError, match=r"^a key id is"):
            Keyring(RING.keys, retired=["a b"])

    def test_retired_keys_derive_nothing(self):
        """Of a retired key nothing is derived."""
        assert Keyring(RING.keys, retired=["k0"]).derive("k0", "code") is None


class TestParsing:
    """Reading a ring from one line."""

    def test_peppers_and_retired_keys_are_read(self):
        """Peppers have a line of their own, and either line may name keys that are gone."""
        read = Keyring.parse(f"new:{SECRET.hex()}, k0:retired", peppers=f"p1:{THIRD.hex()},p0:retired")
        assert read == Keyring([RootKey("new", SECRET)], peppers=[RootKey("p1", THIRD)], retired=["k0", "p0"])

    def test_pepper_at_fault_is_named_by_its_place(self):
        """A pepper that cannot be read is told apart from a key that cannot."""
        with pytest.raises(ConfigurationError, match=r"^pepper 2 must be written as kid:hex"):
            Keyring.parse(f"new:{SECRET.hex()}", peppers=f"p1:{THIRD.hex()},p2:12")

    @pytest.mark.parametrize("text", ["k0:retired", f"new:{SECRET.hex()},new:retired", f"new:{SECRET.hex()},:retired"])
    def test_a_retired_key_is_no_key(self, text):
        """A line of retired keys alone, one that keeps a retired key, and one that names none are refused."""
        with pytest.raises(ConfigurationError):
            Keyring.parse(text)

    @pytest.mark.parametrize(
        "text",
        [
            f"new:{SECRET.hex()},old:{OTHER.hex()}",
            f" new:{SECRET.hex()} ,\n old:{OTHER.hex().upper()}, ",
        ],
    )
    def test_lines_are_read_in_order(self, text):
        """A line names its keys newest first; white space around them does not count."""
        assert Keyring.parse(text) == RING

    @pytest.mark.parametrize(
        "text",
        [
            "",
            " , ",
            SECRET.hex(),
            f"new:{SECRET.hex()}0",
            f"new:{SECRET.hex()}zz",
            f"new:{SECRET.hex()}:",
            f"new={SECRET.hex()}",
            f"new:{SECRET.hex()[:62]}",
            f"new:{SECRET.hex()},new:{OTHER.hex()}",
            f"{SECRET.hex()}:new",
            f"{SECRET.hex()}:{OTHER.hex()}x",
        ],
    )
    def test_anything_else_is_refused_without_quoting(self, text):
        """A line that is no ring is refused, and neither the error nor what led to it repeats a secret."""
        with pytest.raises(ConfigurationError) as caught:
            Keyring.parse(text)
        shown = "".join(traceback.format_exception_only(caught.value))
        assert SECRET.hex()[:16] not in shown
        assert caught.value.__context__ is None

    @pytest.mark.parametrize(
        ("text", "place"), [("new:12", 1), (f"new:{SECRET.hex()},old", 2), (f"new:{SECRET.hex()},,old:", 3)]
    )
    def test_the_key_at_fault_is_named_by_its_place(self, text, place):
        """A key that cannot be read is named by its place in the line, since nothing of it may be quoted."""
        with pytest.raises(ConfigurationError, match=f"^key {place} must be written as kid:hex"):
            Keyring.parse(text)

    @given(st.lists(PIECES | st.text(st.characters(exclude_categories=()), max_size=9), max_size=6).map("".join))
    def test_any_line_is_read_or_refused(self, text):
        """Whatever a line holds, it is a ring with a key that signs, or refused."""
        with suppress(ConfigurationError):
            ring = Keyring.parse(text)
            assert ring.derive(ring.newest_kid, "any purpose")
