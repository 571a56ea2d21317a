"""What is left uncollected where an extra is absent, as in `nox -s "installs(bare)"`."""

from importlib.util import find_spec

NEEDING = {
    "cryptography": ["test_keyring.py", "test_signing.py", "test_tokens.py"],
    "captcha": ["test_apart.py", "test_captcha.py"],
    "bcrypt": ["test_foreign_hashes.py"],
}

collect_ignore = [test for library, tests in NEEDING.items() if find_spec(library) is None for test in tests]
