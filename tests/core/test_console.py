"""The courier for development: what it writes, and where."""

import io
import sys
from datetime import UTC, datetime

import pytest

from authcore import ConsoleCourier, Letter, MessageKind
from authcore.testing import build_auth, run_sync

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def test_a_code_is_one_line():
    """A letter with a code is one line that names its address, the code and what it is for."""
    stream = io.StringIO()
    letter = Letter(
        id="m",
        kind=MessageKind.CODE,
        destination="ada@example.org",
        created_at=NOW,
        purpose="verify",
        code="123456",
        expires_at=NOW,
    )
    run_sync(ConsoleCourier(stream).send(letter))
    assert stream.getvalue() == "authcore: for ada@example.org: code 123456 (verify)\n"


@pytest.mark.parametrize("kind", [MessageKind.ALREADY_REGISTERED, MessageKind.PASSWORD_CHANGED])
def test_a_notice_is_one_line(kind):
    """A notice is one line that names its address and its kind."""
    stream = io.StringIO()
    letter = Letter(id="m", kind=kind, destination="ada@example.org", created_at=NOW)
    run_sync(ConsoleCourier(stream).send(letter))
    assert stream.getvalue() == f"authcore: for ada@example.org: {kind}\n"


def test_it_writes_to_the_error_output():
    """Unless told otherwise it writes where the developer looks, and where no program reads."""
    assert ConsoleCourier().stream is sys.stderr


def test_it_delivers_what_a_flow_has_left():
    """Given to an Auth, it writes the code of a registration, and that code proves the address."""
    stream = io.StringIO()
    auth = build_auth(courier=ConsoleCourier(stream))
    challenge = run_sync(auth.register(email="ada@example.org", password="a long and quiet evening"))
    assert run_sync(auth.deliver_due()) == 1
    code = stream.getvalue().rpartition("code ")[2].partition(" ")[0]
    assert run_sync(auth.verify_account(challenge=challenge.token, code=code)).verified_at is not None
