"""Sessions in the hands of several processes, over one SQLite file: who is first is up to the machine."""

import json
import subprocess
import sys
import textwrap
from contextlib import closing

import pytest

from authcore.entities import AuditEvent, AuditKind, AuthenticationSession, SessionEnd
from authcore.errors import InvalidToken
from authcore.policy import Policy
from authcore.ports import by_owner
from authcore.testing import build_auth
from authcore_sqlalchemy import SqliteStore
from tests.flows.people import QuickHasher, derive, do, join, log_in, refusal, stored

PROCESSES = 4

PRELUDE = """
    import json, sys
    from datetime import datetime
    from authcore.errors import AuthError
    from authcore.policy import Policy
    from authcore.testing import FakeClock, SeededEntropy, build_auth, run_sync
    from authcore_sqlalchemy import SqliteStore

    path, now, number = sys.argv[1:]
    auth = build_auth(
        store=SqliteStore(path),
        policy=Policy(second_factor=True),
        clock=FakeClock(datetime.fromisoformat(now)),
        entropy=SeededEntropy(f"process {number}"),
    )

    def attempt(flow):
        try:
            return run_sync(flow)
        except AuthError as refusal:
            return refusal.code

    print("ready", flush=True)
    given = json.loads(sys.stdin.readline())
"""


@pytest.fixture
def auth(tmp_path):
    """A world in a file, where everybody needs a second factor."""
    with closing(SqliteStore(tmp_path / "authcore.db")) as store:
        yield build_auth(store=store, policy=Policy(second_factor=True), hasher=QuickHasher())


def pending(auth, address):
    """Somebody's pending session, the challenge that it asked for, and its code."""
    join(auth, address)
    session = log_in(auth, address)
    challenge = do(auth.request_second_factor(session.token))
    return session, challenge, derive(auth, challenge)


def everywhere(auth, tmp_path, script, given):
    """Let several processes do the same at the same time, and return what each of them has told."""
    source = textwrap.dedent(PRELUDE) + textwrap.dedent(script)
    command = [sys.executable, "-c", source, str(tmp_path / "authcore.db"), auth.clock.now().isoformat()]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen([*command, str(number)], **pipes) for number in range(PROCESSES)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write(json.dumps(given) + "\n")
        process.stdin.flush()
    told = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * PROCESSES
    return [json.loads(text) for text in told]


def test_due_token_has_one_successor(auth, tmp_path):
    """However many processes are shown a due token, they answer with one successor, and everybody goes on by it."""
    session, challenge, code = pending(auth, "ada@example.org")
    whole = do(auth.fulfil_second_factor(token=session.token, challenge=challenge.token, code=code))
    auth.clock.advance(auth.policy.rotation)
    script = """
        print(json.dumps([run_sync(auth.identify(given)).renewed.token for _ in range(5)]))
    """
    tokens = [token for told in everywhere(auth, tmp_path, script, whole.token) for token in told]
    assert len(tokens) == 5 * PROCESSES
    assert len({auth._decode("authn+jwt", token) for token in tokens}) == 1  # noqa: SLF001  what they say is compared
    # Once when it began, and once when it was rotated.
    assert (stored(auth, whole).generation, stored(auth, whole).version) == (2, 2)
    found = do(auth.store.find(by_owner(AuthenticationSession, whole.session.account_id)))
    assert [each.id for each in found if each.ended_at is None] == [whole.session.id]
    for token in [*tokens, whole.token]:
        assert do(auth.authenticate(token)).session.id == whole.session.id


def test_reuse_ends_the_session_everywhere(auth, tmp_path):
    """However many processes are shown a token too late, and its successor, the session ends once, and for all."""
    session, challenge, code = pending(auth, "ada@example.org")
    whole = do(auth.fulfil_second_factor(token=session.token, challenge=challenge.token, code=code))
    auth.clock.advance(auth.policy.rotation)
    newer = do(auth.identify(whole.token)).renewed
    do(auth.identify(newer.token))
    auth.clock.advance(auth.policy.rotation)
    script = """
        own = given if int(number) % 2 else given[::-1]
        print(json.dumps([getattr(attempt(auth.identify(token)), "renewed", None) is None for token in own]))
    """
    everywhere(auth, tmp_path, script, [whole.token, newer.token])
    assert stored(auth, whole).ended_as is SessionEnd.REVOKED
    told = [event.kind for event in do(auth.store.find(by_owner(AuditEvent, whole.session.account_id)))]
    assert told.count(AuditKind.SESSION_REUSED) == 1
    for token in (newer.token, whole.token):
        assert isinstance(refusal(auth.authenticate(token)), InvalidToken)


def test_right_code_makes_one_whole_session(auth, tmp_path):
    """However many processes are told a right code, one of them opens a session, and the others are refused."""
    asked = [pending(auth, f"{name}@example.org") for name in ("ada", "bob", "eve", "ida", "joe", "kim", "lea", "max")]
    given = [(session.token, challenge.token, code) for session, challenge, code in asked]
    script = """
        answers = [
            attempt(auth.fulfil_second_factor(token=token, challenge=challenge, code=code))
            for token, challenge, code in given
        ]
        print(json.dumps([getattr(answer, "token", answer) for answer in answers]))
    """
    for (session, _, _), answers in zip(
        asked, zip(*everywhere(auth, tmp_path, script, given), strict=True), strict=True
    ):
        opened = [answer for answer in answers if answer not in {"invalid_token", "challenge_ended"}]
        assert len(opened) == 1
        found = do(auth.store.find(by_owner(AuthenticationSession, session.session.account_id)))
        (whole,) = (each for each in found if each.ended_at is None)
        assert do(auth.authenticate(opened[0])).session.id == whole.id
