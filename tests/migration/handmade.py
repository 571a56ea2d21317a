"""A database like sanic-security's, made by hand, so that a row may hold anything.  Nothing here asserts anything."""

import sqlite3
from contextlib import closing

from authcore.hashing import Argon2Hasher

TABLES = """
CREATE TABLE account (
    id VARCHAR(36) NOT NULL PRIMARY KEY, date_created TIMESTAMP NOT NULL, date_updated TIMESTAMP NOT NULL,
    deleted INT NOT NULL, username VARCHAR(32), email VARCHAR(255) UNIQUE, phone VARCHAR(20) UNIQUE,
    password VARCHAR(255), oauth_id VARCHAR(255) UNIQUE, disabled INT NOT NULL, verified INT NOT NULL
);
CREATE TABLE role (
    id VARCHAR(36) NOT NULL PRIMARY KEY, date_created TIMESTAMP NOT NULL, date_updated TIMESTAMP NOT NULL,
    deleted INT NOT NULL, name VARCHAR(255) NOT NULL UNIQUE, description VARCHAR(255), permissions JSON
);
CREATE TABLE account_role (account_id VARCHAR(36) NOT NULL, role_id VARCHAR(36) NOT NULL);
"""
TIME = "2020-01-02 03:04:05.678901+00:00"
PASSWORD = "Password1!"
HASH = Argon2Hasher.cheapest().hash(PASSWORD, bytes(16))


class Handmade:
    """The database, row by row."""

    def __init__(self, path, *, tables=TABLES):
        """Make the tables."""
        self.url, self._path = f"sqlite:///{path}", path
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(tables)

    def account(self, id_, *roles, **changes):
        """Add an account, verified unless something else is said, and assign roles to it by their ids."""
        row = {
            "id": id_,
            "date_created": TIME,
            "date_updated": TIME,
            "deleted": 0,
            "username": f"user-{id_}",
            "email": f"{id_}@example.org",
            "phone": None,
            "password": HASH,
            "oauth_id": None,
            "disabled": 0,
            "verified": 1,
        }
        self.insert("account", **row | changes)
        for role in roles:
            self.insert("account_role", account_id=id_, role_id=role)

    def role(self, id_, permissions='["file:read,write"]', **changes):
        """Add a role."""
        row = {"id": id_, "date_created": TIME, "date_updated": TIME, "deleted": 0, "name": id_, "description": None}
        self.insert("role", **row | {"permissions": permissions} | changes)

    def insert(self, table, **row):
        """Add a row."""
        marks = ", ".join("?" * len(row))
        self.run(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", *row.values())  # noqa: S608  our own names

    def run(self, statement, *values):
        """Run a statement."""
        with closing(sqlite3.connect(self._path)) as connection, connection:
            connection.execute(statement, values)
