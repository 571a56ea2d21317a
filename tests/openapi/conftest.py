"""These tests have a session of their own, `nox -s openapi`: schemathesis brings more packages than all others need."""

from importlib.util import find_spec

# Not skipped: to whoever runs the other tests, these are none of them.
collect_ignore_glob = [] if find_spec("schemathesis") else ["test_*.py"]
