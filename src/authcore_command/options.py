"""What several commands take, and how all of them fail: in one sentence that says what to do, and with status 1."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

import click

from authcore.errors import AuthcoreError

__all__ = ["failing_plainly", "store_option"]

F = TypeVar("F", bound=Callable[..., object])

_VARIABLE: Final = "AUTHCORE_STORE"  # so that a password need not stand where `ps` shows it


def store_option(function: F) -> F:
    """Add the option that says which store is meant."""
    option = click.option(
        "--store",
        "url",
        envvar=_VARIABLE,
        show_envvar=True,
        required=True,
        metavar="URL",
        help="Where the store is, such as postgresql://user:password@host/database.",
    )
    return option(function)


@contextmanager
def failing_plainly() -> Iterator[None]:
    """Turn what may go wrong into a sentence; none of them repeats the URL, in which a password may stand."""
    try:
        yield
    except (AuthcoreError, ModuleNotFoundError) as problem:
        raise click.ClickException(str(problem)) from problem
