"""What a password may be: the rules for a new one, and the form that is hashed.  No hash is made here."""

import random
import sys
import zlib
from collections.abc import Callable
from importlib.resources import files
from string import ascii_lowercase
from unicodedata import is_normalized, normalize

import pytest
from hypothesis import example, given, strategies as st

from authcore import passwords
from authcore.errors import InvalidPassword
from authcore.passwords import accept_new, normalise

# Any text that Python can hold, lone surrogates included.
anything = st.text(st.characters(exclude_categories=()), max_size=40)

GOOD = "orbit velvet cactus"

# From the top of both sources, of eight characters or more.
TOP = """
    password 12345678 123456789 baseball football jennifer 11111111 superman 1234567890 trustno1 sunshine iloveyou
    starwars computer michelle 12341234 princess 987654321 password1 88888888 alexande qwertyuiop midnight 1q2w3e4r
    internet corvette 1qaz2wsx blahblah mercedes 00000000 whatever danielle samantha charlie1 victoria password123
""".split()  # noqa: SIM905 - one word a line would be a page


def accept(password: str, *own_words: str, min_length: int = 15, max_length: int = 256) -> str:
    """Choose a password under a strict policy."""
    return accept_new(password, min_length=min_length, max_length=max_length, own_words=own_words)


def reason(call: Callable[[], object]) -> str:
    """Why the call refuses; "" if it does not."""
    try:
        call()
    except InvalidPassword as refusal:
        return refusal.reason
    return ""


class TestNormalise:
    """The form that is hashed."""

    @given(anything)
    def test_result_is_normal_or_refused(self, password: str) -> None:
        """Whatever is typed comes back in NFKC with a UTF-8 form, or is refused for a named reason."""
        why = reason(lambda: normalise(password))
        if not why:
            assert is_normalized("NFKC", normalise(password))
            assert normalise(password).encode().decode() == normalise(password)
        else:
            assert why in {"malformed", "too_long"}

    @given(st.text(max_size=14))
    @example("é")
    @example("각")
    def test_typing_the_same_gives_the_same(self, password: str) -> None:
        """Composed, decomposed and compatible ways to type a password all give one form."""
        expected = normalise(password)
        for form in ("NFC", "NFD", "NFKC", "NFKD"):
            assert normalise(normalize(form, password)) == expected

    @given(st.text(max_size=14))
    def test_is_idempotent(self, password: str) -> None:
        """A normal form is its own normal form."""
        assert normalise(normalise(password)) == normalise(password)

    def test_nothing_is_cut_off(self) -> None:
        """A password of exactly the greatest length comes back whole, spaces and NUL included."""
        password = " \x00" + "ab" * 126 + "  "
        assert normalise(password) == password

    def test_empty_is_not_refused(self) -> None:
        """An empty password is normal: logging in with it just fails."""
        assert normalise("") == ""

    def test_unassigned_characters_pass(self) -> None:
        """A character that Python's tables do not know is never a reason to refuse."""
        assert normalise("\u0378\U000e0fff") == "\u0378\U000e0fff"

    @pytest.mark.parametrize("value", [None, 12, b"secret", ["secret"]])
    def test_only_text_is_a_password(self, value: object) -> None:
        """A value of another type is refused as not_text."""
        assert reason(lambda: normalise(value)) == "not_text"  # type: ignore[arg-type]

    @pytest.mark.parametrize("password", ["\ud800", "a\udfffb", "\udc80" * 3])
    def test_lone_surrogates_are_malformed(self, password: str) -> None:
        """A lone surrogate, which JSON can carry and UTF-8 cannot, is refused."""
        assert reason(lambda: normalise(password)) == "malformed"

    def test_length_is_judged_before_normalising(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A megabyte is refused before anything reads it."""
        seen: list[str] = []
        monkeypatch.setattr(passwords, "normalize", lambda _form, text: seen.append(text))
        for call in (lambda: normalise("a" * 1_000_000), lambda: accept("a" * 1_000_000)):
            assert reason(call) == "too_long"
        assert not seen

    def test_expansion_is_bounded(self) -> None:
        """A normal form longer than the greatest length is refused, however short the typed one."""
        assert len(normalise("\ufdfa" * 14)) == 14 * 18
        assert reason(lambda: normalise("\ufdfa" * 15)) == "too_long"

    def test_refusal_holds_no_password(self) -> None:
        """No exception in the chain of a refusal carries the password."""
        with pytest.raises(InvalidPassword) as caught:
            normalise("hunter2\ud800")
        assert caught.value.__context__ is None
        assert "hunter2" not in repr(caught.value) + str(caught.value.evidence)


class TestLength:
    """NIST SP 800-63B-4, 3.1.1.2: at least fifteen code points, of the final text."""

    def test_least_and_greatest_length(self) -> None:
        """The bounds themselves are accepted, one less and one more are not."""
        draw = random.Random(1)  # noqa: S311 - a sample, not a secret
        text = "".join(draw.choices(ascii_lowercase, k=65))
        assert accept(text[:15], max_length=64) == text[:15]
        assert accept(text[:64], max_length=64) == text[:64]
        assert reason(lambda: accept(text[:14], max_length=64)) == "too_short"
        assert reason(lambda: accept(text, max_length=64)) == "too_long"

    def test_emoji_count_one(self) -> None:
        """Length is in code points: fifteen emoji are enough, fourteen are not."""
        emoji = "😀🐙🚲🍋🎻🌵🧲🪁🧊🦉🥁🔭🧵🏺🛶"
        assert accept(emoji) == emoji
        assert reason(lambda: accept(emoji[:14])) == "too_short"

    def test_least_length_is_of_the_normal_form(self) -> None:
        """Decomposed typing does not make a password longer, and a ligature counts as what it becomes."""
        word = "각낙닥락막박삭악"
        assert len(normalize("NFD", word)) > 15
        assert reason(lambda: accept(normalize("NFD", word))) == "too_short"
        assert accept("orbit velvet o\ufb01") == "orbit velvet ofi"

    @given(anything)
    def test_accepted_is_normalised(self, password: str) -> None:
        """An accepted password comes back as it will be hashed; every other is refused for a named reason."""
        why = reason(lambda: accept(password, "ada@example.org"))
        assert why in {"", "too_short", "malformed", "too_long", "common", "own_words"}
        if not why:
            assert accept(password) == normalise(password)


class TestComposition:
    """ASVS 6.2.5: no rule of composition."""

    @pytest.mark.parametrize(
        "password",
        [
            "qkzvmwpxjrtbhdnfglsy",
            "correct horse battery staple",
            "           a b c d",
            "71503926480375",
            "шифр железной двери",
            "ṩ̣ṩ̣ñö ẁïẗḧ ṁȧṙḳṣ",
            "null\x00byte\x00within",
        ],
    )
    def test_no_kind_of_character_is_asked_for(self, password: str) -> None:
        """Any characters will do, all of one kind or none of another."""
        assert accept(password, min_length=14) == normalise(password)

    def test_random_letters_are_accepted(self) -> None:
        """Of ten thousand random strings of lower-case letters or of digits, none is called common."""
        draw = random.Random(9106)  # noqa: S311 - a sample, not a secret
        for alphabet in (ascii_lowercase, "0123456789"):
            for _ in range(10_000):
                accept("".join(draw.choices(alphabet, k=20)))


class TestCommon:
    """ASVS 6.2.4: what attackers try first."""

    @pytest.mark.parametrize("word", TOP)
    def test_top_words_are_refused(self, word: str) -> None:
        """Frequent passwords are refused at the least length any policy allows, in any case and width."""
        for form in (word, word.upper(), word.title(), normalize("NFKC", word)):
            assert reason(lambda form=form: accept(form, min_length=8)) == "common"  # type: ignore[misc]

    def test_compared_in_normal_form(self) -> None:
        """Full-width letters do not hide a common password."""
        wide = "".join(chr(ord(letter) + 0xFEE0) for letter in "password")
        assert reason(lambda: accept(wide, min_length=8)) == "common"

    def test_list_is_in_the_form_it_is_compared_in(self) -> None:
        """Each shipped word is folded and normal, none is empty, and there are enough of them."""
        packed = (files("authcore") / "data" / "common_passwords.bin").read_bytes()
        words = zlib.decompress(packed).decode().split("\n")
        assert words == sorted(set(words))
        assert all(normalize("NFKC", word.casefold()) == word for word in words)
        assert sum(len(word) >= 8 for word in words) > 16_000
        assert min(map(len, words)) == 4

    def test_rows_are_in_the_form_they_are_compared_in(self) -> None:
        """Keyboard rows are folded and normal, or they would never match."""
        assert all(normalize("NFKC", row.casefold()) == row for row in passwords._ROWS)  # noqa: SLF001 - data, not behaviour

    @pytest.mark.parametrize(
        "password",
        [
            "abcdefghijklmnop",
            "zyxwvutsrqponmlk",
            "123456789012345",
            "987654321098765",
            "qwertyuiopasdfgh",
            "QWERTZUIOPASDFG",
            "azertyuiopqsdfgh",
            "йцукенгшщзфывапр",
            "1qaz2wsx3edc4rfv",
            "abc123abc123xyz",
            "aaabbbcccdddeee",
            "!@#$%^&*()qwerty",
        ],
    )
    def test_runs_are_refused(self, password: str) -> None:
        """Alphabets, digits and keyboard rows, forwards, backwards and strung together, are common."""
        assert reason(lambda: accept(password)) == "common"

    @pytest.mark.parametrize(
        "password",
        [
            "aaaaaaaaaaaaaaa",
            "               ",
            "abcabcabcabcabc",
            "123123123123123",
            "passwordpassword",
            "password password",
            "Password-PASSWORD-passw",
            "dragondragondragon",
            "sunshine/sunshine",
            "qwertyuiopqwertyuiop",
        ],
    )
    def test_repetitions_are_refused(self, password: str) -> None:
        """A short or common unit said again, with or without a separator, is common."""
        assert reason(lambda: accept(password)) == "common"

    @given(st.text(st.characters(codec="ascii"), min_size=1, max_size=7), st.integers(15, 64))
    def test_repeating_a_short_unit_never_helps(self, unit: str, length: int) -> None:
        """Whatever its characters, a unit below every policy's length does not become a password by repetition."""
        assert reason(lambda: accept((unit * 64)[:length])) == "common"

    @pytest.mark.parametrize(
        "password",
        [
            "password1234567",
            "dragon123456789",
            "123456789monkey",
            "iloveyou!!!!!!!",
            "111sunshine1111",
            "Football 2222222",
            "letmeinletmein12",
            "monkey monkey monkey!",
        ],
    )
    def test_decoration_does_not_help(self, password: str) -> None:
        """Something common with nothing but a run, a repetition or two characters around it is common."""
        assert reason(lambda: accept(password)) == "common"

    @pytest.mark.parametrize(
        "password",
        [
            "password of my aunt",
            "sunshine on leith",
            "my dragon is 12345",
            "tulip-harbour-tulip",
            "dragon#83%91!04&7",
            "xkvqzjwypbmdxkvqzjwypbmd",
        ],
    )
    def test_the_whole_password_is_compared(self, password: str) -> None:
        """A common word within a longer password is no reason to refuse it."""
        assert accept(password) == password

    def test_list_is_read_once_and_when_needed(self) -> None:
        """Importing the module and normalising read no file."""
        words = passwords._common_words  # noqa: SLF001 - reading is not seen from outside
        words.cache_clear()
        normalise(GOOD)
        assert words.cache_info().misses == 0
        accept(GOOD)
        accept(GOOD)
        assert words.cache_info().misses == 1


class TestOwnWords:
    """ASVS 6.2.11: words of the context."""

    @pytest.mark.parametrize(
        "password",
        [
            "ada.lovelace@example.org",
            "adalovelace1815",
            "Lovelace18151210",
            "18151210-LOVELACE",
            "lovelacelovelace",
            "ecalevol10.12.1815",
            "lovelace@example",
            "ada_lovelace_1815",
            "(((example))).2024",
        ],
    )
    def test_own_words_alone_are_refused(self, password: str) -> None:
        """Own words, either way round, with nothing but digits and punctuation among them, are no password."""
        assert reason(lambda: accept(password, "ada.lovelace@example.org", min_length=14)) == "own_words"

    @pytest.mark.parametrize("password", ["adalovelace likes punch cards", "a lovelace engine", "example of a teapot"])
    def test_own_words_may_stand_among_others(self, password: str) -> None:
        """An own word within other words is no reason to refuse."""
        assert accept(password, "ada.lovelace@example.org") == password

    @pytest.mark.parametrize("password", ["ada839104726153", "839104726153org", "ada#83%91!04&72"])
    def test_short_own_words_are_not_searched_for(self, password: str) -> None:
        """A word below four characters stands in too many good passwords by chance."""
        assert accept(password, "ada@wx.org") == password

    @pytest.mark.parametrize("password", ["lea", "LEA", "org", "gro"])
    def test_short_own_words_are_no_password(self, password: str) -> None:
        """As the whole password a short own word, or its reverse, is refused."""
        assert reason(lambda: accept(password, "lea@wx.org", min_length=3)) == "own_words"

    @pytest.mark.parametrize("words", [(), ("",), ("@",), ("...", " "), ("\ud800",)])
    def test_empty_words_forbid_nothing(self, words: tuple[str, ...]) -> None:
        """A missing or odd word of the account stops nobody."""
        assert accept(GOOD, *words) == GOOD
        assert accept("%$&/(=?#+*;:_-<>|", *words) == "%$&/(=?#+*;:_-<>|"

    def test_words_are_compared_in_normal_form(self) -> None:
        """Case, width and composition of an own word do not matter."""
        assert reason(lambda: accept("ZOË-BRÖNTE-1847", normalize("NFD", "zoë.brönte"))) == "own_words"

    @given(st.from_regex(r"[a-z]{4,12}", fullmatch=True), st.from_regex(r"[0-9 !._-]{11,20}", fullmatch=True))
    def test_decoration_never_makes_a_password(self, word: str, decoration: str) -> None:
        """Any own word before or after any digits and punctuation is refused."""
        for password in (word + decoration, decoration + word, decoration[:5] + word[::-1] + decoration[5:]):
            assert reason(lambda password=password: accept(password, f"{word}@x.example")) in {  # type: ignore[misc]
                "own_words",
                "common",
            }


def test_only_the_standard_library() -> None:
    """The module imports nothing but the standard library and the errors."""
    modules = {getattr(value, "__module__", None) for value in vars(passwords).values()} - {None}
    roots = {str(module).partition(".")[0] for module in modules}
    assert roots - {"authcore"} <= sys.stdlib_module_names
