"""What is left uncollected where an extra is absent, as in `nox -s "installs(bare)"`: what needs pairs of keys."""

from importlib.util import find_spec

NEEDING_KEY_PAIRS = ["test_keyring.py", "test_signing.py", "test_tokens.py"]

collect_ignore = [] if find_spec("cryptography") else NEEDING_KEY_PAIRS
