"""These tests have a session of their own, `nox -s frameworks`: they need more frameworks than all others do."""

from importlib.util import find_spec

from tests.adapters.conftest import auth, make_store, no_second_look, pytest_generate_tests, serve, site, visit

__all__ = ["auth", "make_store", "no_second_look", "pytest_generate_tests", "serve", "site", "visit"]

# Not skipped: to whoever runs the other tests, these are none of them.
collect_ignore_glob = [] if all(map(find_spec, ("django", "litestar", "quart"))) else ["test_*.py"]
