"""Migrations: whatever the tables were, they become those of today, on every engine."""

import asyncio
import sqlite3
from contextlib import closing
from functools import partial

import anyio.to_thread
import pytest
from sqlalchemy import MetaData

from authcore.entities import Role
from authcore.errors import ConfigurationError
from authcore.opening import migrate_store, open_store
from authcore.ports import by_id
from authcore_sqlalchemy import SqliteStore, SqlStore, Tables, stamp
from authcore_sqlalchemy.tables import SCHEMA_VERSION
from tests.stores import databases

DESCRIBED = {
    "postgresql": (
        """SELECT table_name, column_name, data_type, character_maximum_length, collation_name, is_nullable
        FROM information_schema.columns
        WHERE table_schema IN ('public', 'people') ORDER BY table_name, ordinal_position""",
        """SELECT tablename, indexname, indexdef FROM pg_indexes
        WHERE schemaname IN ('public', 'people') ORDER BY indexname""",
    ),
    "mariadb": (
        """SELECT table_name, column_name, column_type, collation_name, is_nullable, column_key
        FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position""",
        """SELECT table_name, index_name, column_name, seq_in_index
        FROM information_schema.statistics WHERE table_schema = DATABASE() ORDER BY 1, 2, 4""",
        """SELECT table_name, engine, table_collation FROM information_schema.tables
        WHERE table_schema = DATABASE() AND table_name <> 'authcore_schema' ORDER BY 1""",
    ),
}
ALL_BY_ONE = [f"version {SCHEMA_VERSION}: The first tables: as they were when there began to be migrations."]


@pytest.fixture(params=["postgresql", "mariadb"])
def empty(request):
    """Two databases on a server, with nothing in them."""
    server = request.getfixturevalue(f"{request.param}_url")
    with (
        databases.made(server, with_tables=False) as one,
        databases.made(server, with_tables=False) as other,
    ):
        yield one, other


async def _described(database):
    return [await database.execute(each) for each in DESCRIBED[database.kind]]


async def _created(database, **more):
    store = SqlStore(database.url, **more)
    await store.create_schema()
    await store.aclose()


async def test_migrated_tables_are_those_of_today(empty):
    """Steps lead to the very tables that a new database is given: columns, how texts are compared, and indexes."""
    created, migrated = empty
    await _created(created)
    assert await anyio.to_thread.run_sync(migrate_store, migrated.url) == ALL_BY_ONE
    assert await _described(migrated) == await _described(created)


async def test_migrating_twice_does_nothing(empty):
    """What is of today stays as it is, however it came about, and a store takes it."""
    created, migrated = empty
    await _created(created)
    for database in (created, migrated):
        await anyio.to_thread.run_sync(migrate_store, database.url)
        assert list(await anyio.to_thread.run_sync(migrate_store, database.url)) == []
        store = open_store(database.url)
        assert await store.find(by_id(Role, "editor")) == []
        await store.aclose()


async def test_many_migrate_at_once(empty):
    """Of several that start together one takes the steps, and the others wait for it."""
    database, _ = empty
    told = await asyncio.gather(*[anyio.to_thread.run_sync(partial(migrate_store, database.url)) for _ in range(4)])
    assert sorted(map(list, told)) == [[], [], [], ALL_BY_ONE]


async def test_interrupted_step_is_taken_again(empty):
    """Where an engine cannot take back half a step, the rest of it follows."""
    database, whole = empty
    await _created(whole)
    await _created(database)
    await database.execute("DROP TABLE authcore_tally", "DROP TABLE authcore_account", "DELETE FROM authcore_schema")
    assert await anyio.to_thread.run_sync(migrate_store, database.url) == ALL_BY_ONE
    assert await _described(database) == await _described(whole)


@pytest.mark.parametrize("empty", ["postgresql"], indirect=True)
async def test_prefix_and_schema_are_kept(empty):
    """Tables of another name, in a schema of their own, are migrated there."""
    migrated, created = empty
    tables = partial(Tables, prefix="who_", schema="people")
    await _created(created, tables=tables())
    store = SqlStore(migrated.url, tables=tables())
    assert await store.migrate() == ALL_BY_ONE
    await store.open()
    await store.aclose()
    assert await _described(migrated) == await _described(created)
    assert await migrated.execute("SELECT version_num FROM people.who_schema") == [(str(SCHEMA_VERSION),)]


@pytest.mark.parametrize("version", [SCHEMA_VERSION - 1, SCHEMA_VERSION + 1])
async def test_another_version_is_refused(empty, version):
    """A store refuses tables that are older or newer, and says what to do; older ones are not written to."""
    database, _ = empty
    await _created(database)
    await database.execute(f"UPDATE authcore_schema SET version_num = '{version}'")  # noqa: S608  a number
    store = SqlStore(database.url)
    with pytest.raises(ConfigurationError, match="authcore migrate" if version < SCHEMA_VERSION else "install"):
        await store.open()
    if version > SCHEMA_VERSION:
        with pytest.raises(ConfigurationError, match="install"):
            await store.migrate()
    await store.aclose()


async def test_application_migrates_by_itself(empty):
    """Tables that stand in the application's MetaData are taken once it has said that they are those of today."""
    database, ours = empty
    await _created(ours)
    tables = Tables(MetaData())
    async with database.engine().begin() as connection:
        await connection.run_sync(tables.metadata.create_all)
    store = SqlStore(database.url)
    with pytest.raises(ConfigurationError):
        await store.open()
    async with database.engine().begin() as connection:
        await connection.run_sync(stamp, tables)
    await store.open()
    await store.aclose()
    assert await _described(database) == await _described(ours)


# --- SQLite -----------------------------------------------------------------------------------------------------------


def _sql_of(path):
    """What a file's tables are, however the words are spaced."""
    with closing(sqlite3.connect(path)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
        columns = [connection.execute(f"PRAGMA table_xinfo({name})").fetchall() for (name,) in tables]
        told = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name <> 'authcore_schema' ORDER BY name"
        words = [(name, "".join(sql.replace("IF NOT EXISTS ", "").split())) for name, sql in connection.execute(told)]
        return tables, columns, words


def test_migrated_file_is_that_of_today(tmp_path):
    """Steps lead to the very tables that a new file is given, and a store takes them."""
    SqliteStore(tmp_path / "created.db").close()
    assert migrate_store(f"sqlite:///{tmp_path / 'migrated.db'}") == ALL_BY_ONE
    assert _sql_of(tmp_path / "migrated.db") == _sql_of(tmp_path / "created.db")
    SqliteStore(tmp_path / "migrated.db").close()
    assert list(migrate_store(f"sqlite:///{tmp_path / 'created.db'}")) == []


def test_newer_file_is_left_alone(tmp_path):
    """Tables that are newer than this authcore are refused, and stay as they are."""
    path = tmp_path / "newer.db"
    SqliteStore(path).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE authcore_schema SET version_num = '999'")
    before = _sql_of(path)
    with pytest.raises(ConfigurationError, match="install"):
        migrate_store(f"sqlite:///{path}")
    with pytest.raises(ConfigurationError, match="install"):
        SqliteStore(path)
    assert _sql_of(path) == before
