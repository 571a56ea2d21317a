"""An application's own table beside the accounts: each of its rows is written in one transaction with the account.

It needs authcore[sqlite], aiosqlite and greenlet, and leaves nothing behind: python examples/own_account_data.py
"""

import asyncio
import secrets
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Column, ForeignKey, MetaData, String, Table, delete, event, insert, select
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from authcore import Account, Auth, Keyring, RootKey
from authcore.offload import on_event_loop
from authcore.testing import Mailbox
from authcore_sqlalchemy import SqliteStore, SqlTransaction, Tables

METADATA = MetaData()
TABLES = Tables(METADATA)
PROFILES = Table(
    "profiles",
    METADATA,
    Column("account_id", ForeignKey(TABLES.of[Account].c.id), primary_key=True),
    Column("name", String(200), nullable=False),
)
PASSWORD = "a long and quiet evening"  # noqa: S105  nobody's


async def sign_up(auth: Auth, engine: AsyncEngine, *, email: str, password: str, name: str | None) -> str:
    """Register an account together with its profile, and return the token that answers the code."""
    async with engine.begin() as connection:
        transaction = SqlTransaction(connection, tables=TABLES)
        challenge = await auth.register(email=email, password=password, within=transaction)
        account_id = challenge.session.account_id
        # Whoever registered this address before, and has not proven it, has left a profile at the same account.
        await connection.execute(delete(PROFILES).where(PROFILES.c.account_id == account_id))
        await connection.execute(insert(PROFILES).values(account_id=account_id, name=name))
    auth.posted()
    return challenge.token


async def name_of(engine: AsyncEngine, account: Account) -> str | None:
    """Return the name in an account's profile."""
    async with engine.connect() as connection:
        return await connection.scalar(select(PROFILES.c.name).where(PROFILES.c.account_id == account.id))


def open_engine(path: Path) -> AsyncEngine:
    """Return the application's engine, whose foreign keys hold: SQLite has to be asked."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}")

    @event.listens_for(engine.sync_engine, "connect")
    def hold_foreign_keys(connection: DBAPIConnection, _: object) -> None:
        connection.cursor().execute("PRAGMA foreign_keys = ON")

    return engine


async def main(path: Path) -> None:
    """Sign somebody up, once in vain and once for good."""
    mailbox, engine = Mailbox(), open_engine(path)
    with closing(SqliteStore(path, tables=TABLES)) as store:
        # The store was first: its file is for its owner's eyes only.
        async with engine.begin() as connection:
            await connection.run_sync(METADATA.create_all)
        keyring = Keyring([RootKey("k1", secrets.token_bytes(32))])
        auth = on_event_loop(Auth(store=store, keyring=keyring, courier=mailbox))

        try:
            await sign_up(auth, engine, email="ada@example.org", password=PASSWORD, name=None)
        except IntegrityError:
            print("no profile without a name, and no account either:", await auth.deliver_due(), "codes sent")

        token = await sign_up(auth, engine, email="ada@example.org", password=PASSWORD, name="Ada Lovelace")
        await auth.deliver_due()
        account = await auth.verify_account(challenge=token, code=mailbox.last_code())
        print("welcome,", await name_of(engine, account))
    await engine.dispose()


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        asyncio.run(main(Path(folder) / "app.sqlite3"))
