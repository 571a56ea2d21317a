"""Deciding about captchas: without a row until the first answer, and with exactly one right one."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, strategies as st

from authcore import captchas, codes
from authcore.captcha_settings import CaptchaSettings
from authcore.entities import AuditKind, SessionEnd
from authcore.errors import AttemptsExhausted, ChallengeEnded, CodeMismatch
from authcore.policy import Policy
from tests.core.ada import NOW, OCCASION

KEY = b"k" * 32
LATER = NOW + timedelta(minutes=1)
CAPTCHA = captchas.open_captcha(OCCASION)
RIGHT = codes.captcha_of(CAPTCHA.id, key=KEY, policy=OCCASION.policy)
WRONG = RIGHT[:-1] + str((int(RIGHT[-1]) + 1) % 10)


def answer(captcha=CAPTCHA, *, given=RIGHT, key=KEY, at=NOW):
    """The decision about an answer."""
    return captchas.answer(OCCASION.at(at), captcha, given=given, key=key)


class TestOpening:
    """A captcha before its first answer."""

    def test_it_is_nobodys_and_names_its_key(self):
        """A new captcha has no account, lasts for the policy's time, and names the newest key in its id."""
        assert (CAPTCHA.id, CAPTCHA.code_key) == ("new-c.k", "k")
        assert (CAPTCHA.version, CAPTCHA.account_id, CAPTCHA.epoch, CAPTCHA.attempts) == (0, None, 0, 0)
        assert (CAPTCHA.created_at, CAPTCHA.updated_at) == (NOW, NOW)
        assert CAPTCHA.expires_at - NOW == OCCASION.policy.captcha.lifetime
        assert CAPTCHA.max_attempts == OCCASION.policy.captcha.attempts

    def test_its_token_says_all_that_it_is(self):
        """From what a token says, the same captcha is made again: no row is needed."""
        again = captchas.unanswered(
            CAPTCHA.id, issued_at=CAPTCHA.created_at, expires_at=CAPTCHA.expires_at, policy=OCCASION.policy
        )
        assert again == CAPTCHA

    @given(st.text("abcXYZ019-_.", min_size=1), st.text("abc019-", min_size=1))
    def test_key_is_what_follows_the_last_dot(self, random, kid):
        """Whatever the random part looks like, the key's id is found."""
        assert captchas.key_of(f"{random}.{kid}") == kid


class TestCodes:
    """What a captcha shows."""

    def test_code_is_of_the_settings(self):
        """A code is as long as is set, and of the letters that are set."""
        policy = Policy(captcha=CaptchaSettings(alphabet="XYZ", length=12))
        code = codes.captcha_of("c.k", key=KEY, policy=policy)
        assert len(code) == 12
        assert set(code) <= set("XYZ")

    def test_codes_differ_by_captcha_and_key(self):
        """Another captcha, or another key, makes another code."""
        policy = Policy(captcha=CaptchaSettings(length=12))
        made = {codes.captcha_of(name, key=key, policy=policy) for name in ("a.k", "b.k") for key in (KEY, b"l" * 32)}
        assert len(made) == 4

    def test_code_is_no_code_of_a_challenge(self):
        """Keys of captchas and of messages are derived for different purposes."""
        assert codes.CAPTCHA_KEY != codes.CODE_KEY


class TestAnswering:
    """What becomes of an answer."""

    def test_right_answer_spends(self):
        """A right answer is accepted, written, and told in the trail without an account."""
        decision = answer(at=LATER)
        spent, event = decision.writes
        assert decision.settle() == spent
        assert (spent.ended_as, spent.version, spent.attempts) == (SessionEnd.SPENT, 0, 1)
        assert (spent.ended_at, spent.updated_at) == (LATER, LATER)
        assert (event.kind, event.account_id, event.reason) == (AuditKind.CODE_ACCEPTED, None, "captcha")
        assert CAPTCHA.id not in event.session

    def test_wrong_answer_is_counted(self):
        """A wrong answer is refused, and written all the same."""
        decision = answer(given=WRONG, at=LATER)
        counted, event = decision.writes
        assert isinstance(decision.refusal, CodeMismatch)
        assert decision.refusal.attempts_left == counted.max_attempts - 1
        assert (counted.attempts, counted.ended_as, event.kind) == (1, None, AuditKind.CODE_REFUSED)
        assert (counted.created_at, counted.updated_at) == (NOW, LATER)

    def test_last_wrong_answer_ends_it(self):
        """After the last wrong answer not even the right one counts, for ever."""
        last = replace(CAPTCHA, version=2, attempts=CAPTCHA.max_attempts - 1)
        decision = answer(last, given=WRONG)
        assert type(decision.refusal) is AttemptsExhausted
        exhausted = decision.writes[0]
        again = answer(exhausted)
        assert (type(again.refusal), again.writes) == (AttemptsExhausted, ())

    @pytest.mark.parametrize(
        ("captcha", "key", "cause"),
        [
            (CAPTCHA, None, "key"),
            (replace(CAPTCHA, expires_at=NOW), KEY, "expired"),
            (replace(CAPTCHA, ended_at=NOW, ended_as=SessionEnd.SPENT), KEY, "spent"),
        ],
    )
    def test_what_is_over_takes_no_answer(self, captcha, key, cause):
        """An answer to what is spent, expired or of a removed key is refused, and nothing is written."""
        decision = answer(captcha, key=key)
        assert (type(decision.refusal), decision.refusal.cause, decision.writes) == (ChallengeEnded, cause, ())

    @given(st.text(max_size=80).filter(lambda text: text.replace(" ", "").replace("-", "") != RIGHT))
    def test_nothing_else_is_right(self, given):
        """Whatever is not the code is wrong, whatever it is."""
        assert isinstance(answer(given=given).refusal, CodeMismatch)

    @pytest.mark.parametrize("spaced", [" ".join(RIGHT), f"{RIGHT[:3]}-{RIGHT[3:]}", f" {RIGHT} "])
    def test_spaces_and_hyphens_do_not_matter(self, spaced):
        """People may write a code in groups."""
        assert answer(given=spaced).refusal is None
