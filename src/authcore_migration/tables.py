"""Reading sanic-security's tables, by the page.  Nothing is interpreted here, and nothing is written."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from types import TracebackType
from typing import Final, Self

from sqlalchemy import Connection, TableClause, and_, column, inspect, null, or_, select, table

from authcore.errors import ConfigurationError
from authcore_migration.opening import connection_to, open_engine
from authcore_migration.rows import AccountRow, AssignmentRow, RoleRow, RowId

__all__ = ["AncestorTables"]

_BASE: Final = ("id", "date_created", "date_updated", "deleted")
_COLUMNS: Final = {
    "account": (*_BASE, "username", "email", "phone", "password", "oauth_id", "disabled", "verified"),
    "role": (*_BASE, "name", "description", "permissions"),
    "account_role": ("account_id", "role_id"),
}
_LATER: Final = frozenset({("account", "oauth_id")})
"""What older versions do not have."""


class AncestorTables:
    """The tables of accounts, roles and assignments in one database.

    Raises ConfigurationError if the database cannot be opened or is another one, and StoreFault when it fails later.
    """

    def __init__(self, url: str) -> None:
        """Open the database, and see that it is one of these."""
        self._engine = open_engine(url)
        with connection_to(self._engine) as connection:
            self._there = _columns_of(connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._engine.dispose()

    def roles(self) -> Sequence[RoleRow]:
        """Return all roles, in order of id."""
        role = self._table("role")
        with connection_to(self._engine) as connection:
            return [RoleRow(**row) for row in connection.execute(select(role).order_by(role.c.id)).mappings()]

    def accounts(self, *, after: RowId | None, limit: int) -> Sequence[AccountRow]:
        """Return the first `limit` accounts, in order of id, or those that come after one; each with its roles."""
        account = self._table("account")
        # One that is not there is read as NULL.
        read = [each if each.name in self._there["account"] else null().label(each.name) for each in account.c]
        page = select(*read).select_from(account).order_by(account.c.id).limit(limit)
        with connection_to(self._engine) as connection:
            rows = connection.execute(page if after is None else page.where(account.c.id > after)).mappings().all()
            roles = self._roles_of(connection, [row["id"] for row in rows])
        return [AccountRow(**row, roles=tuple(roles[row["id"]])) for row in rows]

    def orphans(self) -> Sequence[AssignmentRow]:
        """Return the assignments of no account, or of no role, in order."""
        account, role, assigned = map(self._table, ("account", "role", "account_role"))
        joined = assigned.outerjoin(account, account.c.id == assigned.c.account_id).outerjoin(
            role, role.c.id == assigned.c.role_id
        )
        missing = or_(account.c.id.is_(None), role.c.id.is_(None))
        found = select(assigned).select_from(joined).where(missing).order_by(*assigned.c)
        with connection_to(self._engine) as connection:
            return [AssignmentRow(**row) for row in connection.execute(found).mappings()]

    def _roles_of(self, connection: Connection, ids: Collection[RowId]) -> Mapping[RowId, list[RoleRow]]:
        role, assigned = self._table("role"), self._table("account_role")
        theirs = and_(assigned.c.role_id == role.c.id, assigned.c.account_id.in_(ids))
        found: defaultdict[RowId, list[RoleRow]] = defaultdict(list)
        for row in connection.execute(select(assigned.c.account_id, *role.c).where(theirs).order_by(role.c.id)):
            found[row[0]].append(RoleRow(**dict(zip(_COLUMNS["role"], row[1:], strict=True))))
        return found

    @staticmethod
    def _table(name: str) -> TableClause:
        return table(name, *(column(each) for each in _COLUMNS[name]))


def _columns_of(connection: Connection) -> Mapping[str, Collection[str]]:
    inspector = inspect(connection)
    tables = _COLUMNS.keys() & set(inspector.get_table_names())
    there = {name: {each["name"] for each in inspector.get_columns(name)} for name in tables}
    missing = [
        f"{name}.{each}"
        for name, needed in _COLUMNS.items()
        for each in needed
        if each not in there.get(name, ()) and (name, each) not in _LATER
    ]
    if missing:
        raise ConfigurationError(f"this is no database of sanic-security's: it lacks {', '.join(missing)}")
    return there
