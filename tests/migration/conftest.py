"""What needs sanic-security is collected by `nox -s migration` alone, which installs it; the rest is run everywhere."""

from importlib.util import find_spec

# Not skipped: to whoever runs the other tests, these are none of them.
collect_ignore = [] if find_spec("sanic_security") else ["test_ancestor.py", "test_page.py"]
