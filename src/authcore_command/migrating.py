"""`authcore migrate`: bring the tables of a store to what this authcore needs.  The steps are the store's own."""

import click

from authcore.opening import migrate_store
from authcore_command.options import failing_plainly, store_option

__all__ = ["migrate"]


@click.command()
@store_option
def migrate(url: str) -> None:
    """Create the tables of a store, or change them to what this version needs.

    Run it before the new version of the application, which refuses tables of another version. It may run twice.
    """
    with failing_plainly():
        steps = migrate_store(url)
    for step in steps:
        click.echo(step)
    click.echo("The store is up to date.")
