"""Signing and verification keys: algorithm, type, role and strength are judged together, when a key is built."""

import subprocess
import sys
import traceback
from contextlib import suppress

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given, strategies as st

from authcore.errors import ConfigurationError
from authcore.signing import Algorithm, SigningKey, VerificationKey
from tests.core.keys import FITTING, MAKERS, SYMMETRIC, private_key, private_pem, public_pem, signing_key

SHORTEST = {Algorithm.HS256: 32, Algorithm.HS384: 48, Algorithm.HS512: 64}
RSA = {Algorithm.RS256, Algorithm.RS384, Algorithm.RS512}
RIGHT = {(algorithm, kind) for algorithm, kind in FITTING.items()} | {(algorithm, "RSA 4096") for algorithm in RSA}
COMBINATIONS = [(algorithm, kind) for algorithm in FITTING for kind in MAKERS]
ED25519 = "Ed25519"
EDDSA = Algorithm.EDDSA
NO_PRIVATE_KEYS = {
    "nothing": "",
    "a lone surrogate": "\ud800",
    "text": "x",
    "no UTF-8": b"\xff",
    "a line": "-----BEGIN PRIVATE KEY-----",
    "garbage": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    "cut off": private_pem(ED25519)[:-40],
    "of OpenSSH": private_key(ED25519).private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()),
}
NO_PUBLIC_KEYS = {
    "nothing": "",
    "a lone surrogate": "\ud800",
    "text": "x",
    "no UTF-8": b"\xff",
    "garbage": "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
    "a certificate": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    "cut off": public_pem(ED25519)[:-40],
}


def _refusal(make, *given, without: bytes | str = b"") -> str:
    """Return why a key is refused; neither the error nor what led to it repeats a line of the key."""
    with pytest.raises(ConfigurationError) as caught:
        make(*given)
    shown = "".join(traceback.format_exception(caught.value, chain=True))
    text = without if isinstance(without, str) else without.decode("latin-1")
    assert not [line for line in text.splitlines() if "-----" not in line and len(line) > 8 and line in shown]
    return str(caught.value)


def _private(kind: str, form: PrivateFormat, password: bytes | None = None) -> bytes:
    encryption = NoEncryption() if password is None else BestAvailableEncryption(password)
    return private_key(kind).private_bytes(Encoding.PEM, form, encryption)


class TestMatching:
    """What goes together."""

    @pytest.mark.parametrize(("algorithm", "kind"), COMBINATIONS)
    def test_each_algorithm_has_its_keys(self, algorithm, kind):
        """An algorithm takes keys of its own type, curve and strength, in either role, and no others."""
        if (algorithm, kind) in RIGHT:
            assert SigningKey("s1", algorithm, private_pem(kind)).verification_key == VerificationKey(
                "s1", algorithm, public_pem(kind).decode()
            )
        else:
            for make, pem in ((SigningKey, private_pem(kind)), (VerificationKey, public_pem(kind))):
                refusal = _refusal(make, "s1", algorithm, pem, without=pem)
                assert refusal.startswith("key 's1' is ")
                assert f", and {algorithm} needs " in refusal

    @pytest.mark.parametrize(
        ("kind", "said"),
        [
            ("RSA 2048", "an RSA key of 2048 bits, and RS256 needs an RSA key of 3072 to 4096 bits"),
            ("RSA 3072, exponent 3", "an RSA key of exponent 3, and RS256 needs"),
            ("P-256", "an EC key on secp256r1, and RS256 needs"),
        ],
    )
    def test_refusals_say_what_is_needed(self, kind, said):
        """A refusal names what was given, and what the algorithm needs."""
        assert said in _refusal(SigningKey, "s1", Algorithm.RS256, private_pem(kind))

    @pytest.mark.parametrize("algorithm", ["none", "NONE", "", "hs256", "HS256", "RS256", "PS256", "ES256K", None, 1])
    def test_algorithms_are_ours(self, algorithm):
        """Whatever is not a member of Algorithm is refused, `none` first of all."""
        for make in (SigningKey, VerificationKey):
            assert "key 's1' must be a member of Algorithm" in _refusal(make, "s1", algorithm, private_pem(ED25519))

    def test_there_is_no_algorithm_without_a_key(self):
        """No algorithm is called none, however it is spelt."""
        assert "none" not in {algorithm.lower() for algorithm in Algorithm}

    @pytest.mark.parametrize("kid", ["", "a b", "../k", "x" * 65, "a.b", "ä"])
    def test_ids_stand_in_a_header(self, kid):
        """An id that could not stand in a header is refused, as a root key's is."""
        assert "a key id is" in _refusal(SigningKey, kid, EDDSA, private_pem(ED25519))
        assert "a key id is" in _refusal(VerificationKey, kid, EDDSA, public_pem(ED25519))

    @pytest.mark.parametrize("algorithm", Algorithm)
    def test_keys_are_not_shown(self, algorithm):
        """No repr holds a part of a key, not even once it was opened."""
        key = signing_key(algorithm)
        for shown in (repr(key), repr(key.opened)):
            assert "BEGIN" not in shown
            assert "PrivateKey" not in shown
            assert repr(key.secret)[8:24] not in shown


class TestSecrets:
    """Keys of HS256, HS384 and HS512."""

    @pytest.mark.parametrize("algorithm", SYMMETRIC)
    def test_secrets_are_as_long_as_the_hash(self, algorithm):
        """A secret has at least the octets of the hash."""
        enough = bytes(range(100))[: SHORTEST[algorithm]]
        assert SigningKey("s1", algorithm, enough).opened.private == enough
        assert f"at least {SHORTEST[algorithm]} bytes" in _refusal(SigningKey, "s1", algorithm, enough[:-1])

    @pytest.mark.parametrize("secret", [b"a" * 64, bytes(64), "x" * 64, bytearray(range(64)), None])
    def test_secrets_are_random_bytes(self, secret):
        """A secret that repeats itself, or is no bytes, is refused."""
        assert "the secret of key 's1'" in _refusal(SigningKey, "s1", Algorithm.HS256, secret)

    @pytest.mark.parametrize("algorithm", SYMMETRIC)
    @pytest.mark.parametrize("kind", MAKERS)
    def test_public_keys_are_no_secrets(self, algorithm, kind):
        """A public key, which everybody knows, is refused as a secret: as PEM and as OpenSSH or DER writes it."""
        public = private_key(kind).public_key()
        spellings = [public_pem(kind), private_pem(kind)]
        if kind in {"RSA 3072", "P-256", "P-384", "P-521", "Ed25519"}:
            der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            spellings += [der.ljust(64, b"\0"), public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)]
        for spelling in spellings:
            assert "a key of another kind" in _refusal(SigningKey, "s1", algorithm, spelling, without=spelling)

    def test_keys_as_json_are_no_secrets(self):
        """A JWK is refused as a secret."""
        jwk = b'{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}'
        assert "a key of another kind" in _refusal(SigningKey, "s1", Algorithm.HS256, jwk)

    @pytest.mark.parametrize("algorithm", SYMMETRIC)
    def test_secrets_have_no_public_half(self, algorithm):
        """Of a secret nobody gets a part that verifies and cannot sign."""
        said = f"key 's1' has no public half: whoever verifies {algorithm} can sign it"
        assert said in _refusal(lambda: signing_key(algorithm).verification_key)
        assert said in _refusal(VerificationKey, "s1", algorithm, signing_key(algorithm).secret)


class TestRoles:
    """Keys with two halves."""

    @pytest.mark.parametrize("kind", sorted(set(FITTING.values())))
    def test_text_and_bytes_are_read_alike(self, kind):
        """A PEM is read from text and from bytes, and opens as the same key."""
        algorithm = next(algorithm for algorithm in FITTING if FITTING[algorithm] == kind)
        pem = private_pem(kind)
        text, octets = SigningKey("s1", algorithm, pem.decode()), SigningKey("s1", algorithm, pem)
        assert text.opened.identity == octets.opened.identity == public_pem(kind)

    @pytest.mark.parametrize("kind", ["RSA 3072", "P-256"])
    def test_older_forms_are_read(self, kind):
        """The forms that `openssl genrsa` and `openssl ec` write are read too."""
        algorithm = Algorithm.RS256 if kind == "RSA 3072" else Algorithm.ES256
        pem = _private(kind, PrivateFormat.TraditionalOpenSSL)
        assert SigningKey("s1", algorithm, pem).opened.identity == public_pem(kind)

    def test_public_keys_cannot_sign(self):
        """A public key is refused for signing, and the refusal names what it is good for."""
        pem = public_pem(ED25519)
        assert "make a VerificationKey" in _refusal(SigningKey, "s1", EDDSA, pem, without=pem)

    @pytest.mark.parametrize("behind", [b"", public_pem(ED25519)], ids=["alone", "behind the public one"])
    def test_private_keys_do_not_verify(self, behind):
        """Whoever only verifies is refused a private key, be it hidden behind a public one."""
        pem = behind + private_pem(ED25519)
        assert "openssl pkey -pubout" in _refusal(VerificationKey, "s1", EDDSA, pem, without=pem)

    @pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
    def test_encrypted_keys_are_refused(self, form):
        """An encrypted key is refused, and the refusal names the command that decrypts it."""
        pem = _private("P-256", form, b"a password")
        assert "encrypted: give it as `openssl pkey" in _refusal(SigningKey, "s1", Algorithm.ES256, pem, without=pem)

    @pytest.mark.parametrize("text", NO_PRIVATE_KEYS.values(), ids=NO_PRIVATE_KEYS)
    def test_broken_private_keys_are_refused(self, text):
        """What cannot be read as a private key is refused without a word of it."""
        assert "must be the PEM of a private key" in _refusal(SigningKey, "s1", EDDSA, text, without=text)

    @pytest.mark.parametrize("text", NO_PUBLIC_KEYS.values(), ids=NO_PUBLIC_KEYS)
    def test_broken_public_keys_are_refused(self, text):
        """What cannot be read as a public key is refused, and the refusal names the command that writes one."""
        assert "openssl pkey -pubout" in _refusal(VerificationKey, "s1", EDDSA, text, without=text)

    @pytest.mark.parametrize("pem", [None, 1, bytearray(b"-----BEGIN"), private_key(ED25519)])
    def test_a_key_is_text(self, pem):
        """A key is the text of a PEM file, and no object."""
        for make in (SigningKey, VerificationKey):
            assert "the text of a PEM file" in _refusal(make, "s1", EDDSA, pem)

    @given(st.text() | st.binary(), st.sampled_from(sorted(FITTING)))
    def test_any_text_is_refused_alike(self, text, algorithm):
        """Any text is no key, and raises ConfigurationError and nothing else."""
        for make in (SigningKey, VerificationKey):
            _refusal(make, "s1", algorithm, text)

    @given(st.integers(0, 10**6), st.integers(0, 255), st.sampled_from([EDDSA, Algorithm.ES256]))
    def test_any_damage_is_read_or_refused(self, place, octet, algorithm):
        """A PEM in which one octet was changed is some other key or refused, and nothing else happens."""
        damaged = bytearray(private_pem(FITTING[algorithm]))
        damaged[place % len(damaged)] = octet
        with suppress(ConfigurationError):
            assert SigningKey("s1", algorithm, bytes(damaged)).opened.private


class TestLibrary:
    """The library behind keys with two halves."""

    @pytest.fixture
    def without_cryptography(self, monkeypatch):
        """A machine on which the extra was not installed."""
        for name in [name for name in sys.modules if name.partition(".")[0] == "cryptography"]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.delitem(sys.modules, "authcore.asymmetric", raising=False)
        monkeypatch.setitem(sys.modules, "cryptography", None)

    @pytest.mark.parametrize("algorithm", FITTING)
    def test_a_missing_extra_is_named(self, without_cryptography, algorithm):
        """Where the extra is missing, a key that needs it raises an error with the command that installs it."""
        for make in (SigningKey, VerificationKey):
            with pytest.raises(ModuleNotFoundError, match=r'pip install "authcore\[jwt-asymmetric\]"'):
                make("s1", algorithm, "")

    @pytest.mark.parametrize("algorithm", SYMMETRIC)
    def test_secrets_need_no_extra(self, without_cryptography, algorithm):
        """A secret needs no extra."""
        assert SigningKey("s1", algorithm, bytes(range(64))).opened.private

    def test_it_is_loaded_when_it_is_needed(self):
        """Signing keys are imported, and secrets made, without loading cryptography."""
        code = (
            "import sys; from authcore.signing import *; SigningKey('k', Algorithm.HS256, bytes(range(32)));"
            "sys.exit('cryptography' in sys.modules)"
        )
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
