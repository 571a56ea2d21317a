"""Moving to authcore from sanic-security: reading its tables, and keeping what they hold.  No rule of ours is here."""

from importlib.util import find_spec

if find_spec("sqlalchemy") is None:
    raise ModuleNotFoundError(
        'authcore_migration needs SQLAlchemy: pip install "authcore[migration]"', name="sqlalchemy"
    )

from authcore_migration.importing import ORIGIN, import_accounts
from authcore_migration.reports import LeftBehind, Report, Tally
from authcore_migration.rows import RowId

__all__ = ["ORIGIN", "LeftBehind", "Report", "RowId", "Tally", "import_accounts"]
