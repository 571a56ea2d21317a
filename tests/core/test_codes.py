"""One-time codes: derived without bias, and compared in constant time."""

import ast
import hashlib
import hmac
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain, count, islice, repeat

import pytest
from hypothesis import given, strategies as st

from authcore import codes
from authcore.entities import TwoStepSession
from authcore.policy import Policy
from tests.architecture.source import core

NOW = datetime(2030, 1, 1, tzinfo=UTC)
KEY = bytes(range(32))
ALPHABETS = ["0123456789", "ABCDEFGHJKLMNPQRSTUVWXYZ23456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", "BCDFGHJKLMNP"]
SECRET_WORDS = {
    "code",
    "codes",
    "code_of",
    "digest",
    "expected",
    "given",
    "hashed",
    "mac",
    "password",
    "secret",
    "signature",
    "token",
}


def _challenge(**changes: object) -> TwoStepSession:
    values = {
        "id": "challenge-1",
        "created_at": NOW,
        "updated_at": NOW,
        "account_id": "a",
        "epoch": 1,
        "expires_at": NOW,
        "code_key": "k",
        "max_attempts": 5,
        "purpose": "verify",
        "destination": "ada@example.org",
    }
    return TwoStepSession(**values | changes)


def _independent(key: bytes, message: bytes, alphabet: str, length: int) -> str:
    """Return the code as the documentation describes it, written anew."""
    blocks = (hmac.new(key, number.to_bytes(4, "big") + message, hashlib.sha256).digest() for number in count())
    limit = len(alphabet) * (256 // len(alphabet))
    fair: Iterator[int] = (byte for byte in chain.from_iterable(blocks) if byte < limit)
    return "".join(alphabet[byte % len(alphabet)] for byte in islice(fair, length))


class TestDeriving:
    """Deriving the code of a challenge."""

    def test_known_answer(self):
        """The code of a certain challenge under a certain key never changes, lest open challenges die of an upgrade."""
        assert codes.code_of(_challenge(), key=KEY, policy=Policy()) == "090331"

    @given(
        st.binary(min_size=32, max_size=32),
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40),
        st.sampled_from(ALPHABETS),
        st.integers(6, 32),
    )
    def test_codes_are_what_the_documentation_says(self, key, name, alphabet, length):
        """A code is the fair bytes of HMAC-SHA256 in counter mode over id and purpose, cut to the alphabet."""
        policy = Policy(code_alphabet=alphabet, code_length=length)
        code = codes.code_of(_challenge(id=name), key=key, policy=policy)
        assert code == _independent(key, f"{name}\0verify".encode(), alphabet, length)

    @pytest.mark.parametrize("alphabet", ALPHABETS)
    def test_no_letter_is_favoured(self, monkeypatch, alphabet):
        """Of all 256 bytes, each letter of the alphabet is made by equally many, and as few as possible are skipped."""
        drawn = Counter()
        for byte in range(256):
            # What follows tells a byte that was taken from one that was skipped.
            monkeypatch.setattr(codes, "_stream", lambda _key, _message, first=byte: chain([first, 0], repeat(1)))
            code = codes.code_of(_challenge(), key=KEY, policy=Policy(code_alphabet=alphabet))
            if code[1] == alphabet[0]:
                drawn[code[0]] += 1
        assert drawn == dict.fromkeys(alphabet, 256 // len(alphabet))

    @pytest.mark.parametrize("changes", [{"id": "challenge-2"}, {"purpose": "transfer"}, {"id": "challenge-1\x01"}])
    def test_another_challenge_has_another_code(self, changes):
        """Id and purpose decide a code."""
        policy = Policy(code_length=32)
        mine, other = (codes.code_of(each, key=KEY, policy=policy) for each in (_challenge(), _challenge(**changes)))
        assert mine != other

    def test_another_key_makes_another_code(self):
        """The key decides a code."""
        policy = Policy(code_length=32)
        assert codes.code_of(_challenge(), key=KEY, policy=policy) != codes.code_of(
            _challenge(), key=KEY[::-1], policy=policy
        )

    @pytest.mark.parametrize(
        "changes", [{"attempts": 4}, {"version": 9}, {"destination": "eve@example.org"}, {"account_id": None}]
    )
    def test_nothing_else_decides_a_code(self, changes):
        """A challenge keeps its code for as long as it lives, and a decoy has one like any other."""
        assert codes.code_of(_challenge(**changes), key=KEY, policy=Policy()) == codes.code_of(
            _challenge(), key=KEY, policy=Policy()
        )


class TestComparing:
    """Comparing what was typed with what was derived."""

    @pytest.mark.parametrize(
        "typed", ["123456", " 123456 ", "123-456", "1 2 3 4 5 6", "--123 456--", "123456" + " " * 58]
    )
    def test_separators_are_forgiven(self, typed):
        """Spaces and hyphens do not count."""
        assert codes.matches(typed, "123456")

    @pytest.mark.parametrize("typed", ["ab12cd", "AB12CD", "aB-12 Cd"])
    def test_case_is_forgiven(self, typed):
        """Capitals and small letters are the same."""
        assert codes.matches(typed, "AB12CD")

    @pytest.mark.parametrize(
        "typed", ["", " ", "-", "12345", "1234567", "123456\n", "\t123456", "123_456", "123456\0", "0123456"]
    )
    def test_anything_else_is_wrong(self, typed):
        """Fewer, more or other characters are wrong, other white space included."""
        assert not codes.matches(typed, "123456")

    @pytest.mark.parametrize(
        ("typed", "code"),
        [
            ("１２３４５６", "123456"),
            ("١٢٣٤٥٦", "123456"),
            ("ıIIIII", "IIIIII"),
            ("ﬀAAAA", "FFAAAA"),
            ("ßAAAA", "SSAAAA"),
            ("ſAAAAA", "SAAAAA"),
            ("123\u00a0456", "123456"),
            ("123\u2010456", "123456"),
            ("12345\ud800", "123456"),
        ],
    )
    def test_only_ascii_matches(self, typed, code):
        """Nothing that is not ASCII ever matches, though upper case or NFKC would make it so; and nothing is raised."""
        assert not codes.matches(typed, code)

    @pytest.mark.parametrize("typed", ["123456" + " " * 59, "1" * 65, "1" * 10**6])
    def test_long_answers_are_refused(self, typed):
        """An answer of more than 64 characters is wrong, whatever its separators."""
        assert not codes.matches(typed, "123456")

    @given(st.text(st.characters(exclude_categories=()), max_size=80), st.text("0123456789", min_size=6, max_size=6))
    def test_matching_means_equal(self, typed, code):
        """Any text is answered, and matches if and only if it is the code between separators."""
        plain = typed.replace(" ", "").replace("-", "")
        assert codes.matches(typed, code) == (plain == code and len(typed) <= 64)

    def test_comparison_takes_constant_time(self):
        """Codes are compared by `hmac.compare_digest`, as bytes."""
        (module,) = (module for module in core() if module.name == "authcore.codes")
        calls = [node for node in ast.walk(module.tree) if isinstance(node, ast.Call)]
        (compared,) = (call for call in calls if ast.unparse(call.func) == "hmac.compare_digest")
        assert all(ast.unparse(argument).endswith(".encode()") for argument in compared.args)

    def test_no_secret_is_compared_with_equals(self):
        """Nowhere in the core is a code, password, hash, token or other secret compared by == or !=."""
        found = [
            f"{module.name}:{node.lineno} {ast.unparse(node)}"
            for module in core()
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Compare) and any(isinstance(operator, ast.Eq | ast.NotEq) for operator in node.ops)
            for operand in (node.left, *node.comparators)
            if _last_word(operand) in SECRET_WORDS
        ]
        assert not found


def _last_word(operand: ast.expr) -> str:
    """Return the name that an operand ends in: of a variable, an attribute or a function that is called."""
    while isinstance(operand, ast.Call):
        operand = operand.func
    return ast.unparse(operand).rpartition(".")[2].strip("_")
