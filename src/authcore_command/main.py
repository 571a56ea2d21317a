"""The command itself: its options are those that all of it has, and each thing that it does has a module of its own."""

import click

from authcore_command.migrating import migrate
from authcore_command.purging import purge

__all__ = ["main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="authcore")
def main() -> None:
    """Keep the store of an application that uses authcore."""


main.add_command(migrate)
main.add_command(purge)
