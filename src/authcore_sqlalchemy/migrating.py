"""Bringing the tables of a database to today's version, whatever they are; the steps stand in `migrations`.

It needs Alembic, which the extra `cli` brings.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection

from authcore_sqlalchemy.schema import refuse_newer, version_of
from authcore_sqlalchemy.tables import Tables

if find_spec("alembic") is None:
    raise ModuleNotFoundError('migrating needs Alembic: pip install "authcore[cli]"', name="alembic")

from alembic import command
from alembic.config import Config

__all__ = ["upgrade"]

_STEPS: Final = Path(__file__).with_name("migrations")


def upgrade(connection: Connection, tables: Tables) -> Sequence[str]:
    """Do all steps that are due, and return a line about each; the transaction is the caller's.

    Raises ConfigurationError for tables that are newer than this authcore.
    """
    refuse_newer(version_of(connection, tables))
    steps: list[str] = []

    def told(*, step: Any, **_: object) -> None:  # noqa: ANN401  Alembic's own, which it does not name
        steps.append(f"version {step.up_revision_id}: {step.up_revision.doc}")

    config = Config()
    config.set_main_option("script_location", str(_STEPS).replace("%", "%%"))
    config.attributes |= {"connection": connection, "tables": tables, "told": told}
    command.upgrade(config, "head")
    return steps
