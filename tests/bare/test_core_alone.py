"""The core where nothing but its own two dependencies is installed: no adapter, no store, no test kit's framework."""

import importlib.metadata
import subprocess
import sys

import pytest

from authcore import Argon2Hasher, AuthError
from authcore.testing import Mailbox, build_auth, run_sync

PASSWORD = "a long and quiet evening"


def _loaded(statement):
    """The packages that are loaded after a statement, in a new interpreter."""
    code = f"import sys; {statement}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    ran = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    return set(ran.stdout.split())


def test_nothing_else_is_needed():
    """The distribution asks for argon2-cffi and PyJWT, and whatever else it names is an extra."""
    asked = [line for line in importlib.metadata.requires("authcore") or [] if "extra ==" not in line]
    assert sorted(line.split(">")[0].lower() for line in asked) == ["argon2-cffi", "pyjwt"]


def test_importing_loads_no_third_party():
    """Importing authcore loads the standard library and itself, nothing else: not even what it will need."""
    assert _loaded("import authcore") - _loaded("pass") - set(sys.stdlib_module_names) == {"authcore"}


def test_journey_works():
    """A person registers, verifies, logs in, is recognised and logs out, with the real hasher and no event loop."""
    mailbox = Mailbox()
    auth = build_auth(courier=mailbox, hasher=Argon2Hasher.owasp_minimum())
    challenge = run_sync(auth.register(email="ada@example.org", password=PASSWORD))
    run_sync(auth.deliver_due())
    run_sync(auth.verify_account(challenge=challenge.token, code=mailbox.last_code()))
    login = run_sync(auth.log_in(identifier="ada@example.org", password=PASSWORD))
    assert run_sync(auth.authenticate(login.token)).display_name == "ada@example.org"
    assert run_sync(auth.log_out(login.token))
    with pytest.raises(AuthError) as refused:
        run_sync(auth.authenticate(login.token))
    assert refused.value.code == "invalid_token"
