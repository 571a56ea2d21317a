"""The demo: a small web application with accounts, run by `python -m examples.demo`.  The library does not need it."""
