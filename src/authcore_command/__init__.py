"""The `authcore` command, for operators: what it takes, and what it tells.  What is done is done elsewhere."""

from importlib.util import find_spec

if find_spec("click") is None:
    raise ModuleNotFoundError('the authcore command needs click: pip install "authcore[cli]"', name="click")

from authcore_command.main import main

__all__ = ["main"]
