"""The import: page by page, every row through a flow of its own.  What a row becomes is decided in the core."""

import re
from dataclasses import dataclass, field
from typing import Final

from authcore.auth import Auth
from authcore.errors import ConfigurationError, InvalidInput
from authcore.imported_accounts import Imported, Obstacle
from authcore.rehearsal import Rehearsal
from authcore_migration import translation
from authcore_migration.reports import LeftBehind, Report, Tally
from authcore_migration.rows import AccountRow, RoleRow, RowId
from authcore_migration.tables import AncestorTables
from authcore_migration.translation import ORIGIN, Interpretation, Issuer

__all__ = ["ORIGIN", "import_accounts"]

_MOST: Final = 10_000
_CALLING_CODE: Final = re.compile(r"\+[1-9][0-9]{0,3}")


async def import_accounts(
    url: str,
    auth: Auth,
    *,
    dry_run: bool = True,
    batch: int = 500,
    after: RowId | None = None,
    usernames: bool = True,
    calling_code: str | None = None,
    issuer: Issuer | None = None,
) -> Report:
    """Keep the roles and accounts of sanic-security's database at `url`; with `dry_run`, tell what would come of it.

    Each account is one commit, with its names, password, roles and a mark that it was imported.  So it may be stopped
    and run again at any time, also twice at once: what was imported is left alone, and what stayed behind is tried
    again.  `batch` accounts are read at a time, in order of their ids, those `after` one if it is given.

    `usernames` tells whether usernames become names to log in with; `calling_code`, such as `+1`, is put before phone
    numbers without a plus; `issuer` is the identity provider of all `oauth_id`, or a function that tells whose each is.

    Raises ConfigurationError if the database cannot be read; it never tells the URL.
    """
    _check(batch=batch, calling_code=calling_code)
    interpretation = Interpretation(usernames=usernames, calling_code=calling_code or "", issuer=issuer)
    running = _Import(auth, Rehearsal(auth.store) if dry_run else None, interpretation, last=after)
    with AncestorTables(url) as tables:
        for role in tables.roles():
            await running.take_role(role)
        while page := tables.accounts(after=running.last, limit=batch):
            for account in page:
                await running.take_account(account)
        for orphan in tables.orphans():
            running.leave_assignment(f"{orphan.account_id}/{orphan.role_id}")
    return running.report()


@dataclass(slots=True)
class _Import:
    """An import that is under way: what has come of the rows so far."""

    auth: Auth
    rehearsal: Rehearsal | None
    interpretation: Interpretation
    last: RowId | None
    roles: Tally = field(default_factory=Tally)
    accounts: Tally = field(default_factory=Tally)
    assignments: Tally = field(default_factory=Tally)
    left_behind: list[LeftBehind] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)

    async def take_role(self, row: RoleRow) -> None:
        try:
            outcome = await self.auth.import_role(translation.role(row), rehearsal=self.rehearsal)
        except InvalidInput as refusal:
            outcome = _refused(refusal)
        self.roles = self.roles.with_(outcome)
        self._leave("role", row.id, outcome)

    async def take_account(self, row: AccountRow) -> None:
        try:
            outcome = await self.auth.import_account(self.interpretation.account(row), rehearsal=self.rehearsal)
        except InvalidInput as refusal:
            outcome = _refused(refusal)
        self.accounts = self.accounts.with_(outcome)
        self.assignments = self.assignments.with_(outcome, rows=len(row.roles))
        self._leave("account", row.id, outcome)
        if outcome.id is not None and (outcome.known or self.rehearsal is None):
            self.ids[str(row.id)] = outcome.id
        self.last = row.id

    def leave_assignment(self, id_: str) -> None:
        outcome = Imported(obstacles=(Obstacle("assignment", "orphan"),))
        self.assignments = self.assignments.with_(outcome)
        self._leave("account_role", id_, outcome)

    def report(self) -> Report:
        return Report(
            roles=self.roles,
            accounts=self.accounts,
            assignments=self.assignments,
            left_behind=tuple(self.left_behind),
            last=self.last,
            dry_run=self.rehearsal is not None,
            ids=self.ids,
        )

    def _leave(self, table: str, id_: RowId, outcome: Imported) -> None:
        if outcome.obstacles:
            self.left_behind.append(LeftBehind(table=table, id=str(id_), obstacles=outcome.obstacles))


def _refused(refusal: InvalidInput) -> Imported:
    return Imported(obstacles=(Obstacle(refusal.field, refusal.reason),))


def _check(*, batch: int, calling_code: str | None) -> None:
    if not 1 <= batch <= _MOST:
        raise ConfigurationError("batch must be 1 to 10000")
    if calling_code is not None and not _CALLING_CODE.fullmatch(calling_code):
        raise ConfigurationError("write calling_code as a plus and 1 to 4 digits, such as +1")
