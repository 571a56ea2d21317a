"""docs/security.md against the suite: the tests it names exist and are run, and no row is left unaccounted for."""

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from datetime import timedelta
from functools import cache
from itertools import groupby
from pathlib import Path

import pytest

from authcore import Policy, Throttle

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")

NAMED = sorted(set(re.findall(r"`((?:tests|src)/[\w/]+\.py::[\w:]+)`", PAGE)))
ORDERS = "test_law_holds_in_every_order"
ACCOUNTED = re.compile(r"::test_|\bnot yet: \w|\bthe application's part$")

Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def _tables() -> Iterator[list[list[str]]]:
    """Every table of the page: its rows as cells, the one with the titles first."""
    lines = groupby(PAGE.splitlines(), lambda line: line.startswith("|"))
    for rows in (list(group) for is_table, group in lines if is_table):
        yield [[cell.strip() for cell in row.strip("|").split("|")] for row in [rows[0], *rows[2:]]]


TABLES = list(_tables())
PROMISES = [table[1:] for table in TABLES if table[0][0] == "no."]
STANDARDS = [table[1:] for table in TABLES if table[0][0] == "id"]
LIMITS = [table[1:] for table in TABLES if table[0][0] == "setting"]
ROWS = [row for table in (*PROMISES, *STANDARDS) for row in table]


@cache
def _definitions(path: str) -> dict[str, Definition]:
    """The functions and classes of a file, and the methods of its classes, as pytest names them."""
    found: dict[str, Definition] = {}
    for node in ast.parse((ROOT / path).read_text("utf-8")).body:
        if isinstance(node, Definition):
            found[node.name] = node
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}::{each.name}": each for each in node.body if isinstance(each, Definition)}
    return found


@cache
def _run_classes() -> frozenset[str]:
    """The names of all classes that pytest collects, and of all that those inherit from."""
    files = [*ROOT.glob("tests/**/*.py"), *ROOT.glob("src/authcore/testing/**/*.py")]
    bases: dict[str, set[str]] = {}
    found: set[str] = set()
    for file in files:
        for name, node in _definitions(str(file.relative_to(ROOT))).items():
            if isinstance(node, ast.ClassDef):
                bases.setdefault(name, set()).update(ast.unparse(base) for base in node.bases)
                found |= {name} if file.name.startswith("test_") and name.startswith("Test") else set()
    while parents := set().union(*(bases.get(name, set()) for name in found)) - found:
        found |= parents
    return frozenset(found)


def test_tables_are_found():
    """The page has one table of promises, one for each of four families of standards, and one of limits."""
    assert (len(PROMISES), len(STANDARDS), len(LIMITS)) == (1, 4, 1)
    assert len(TABLES) == 6
    assert all(len(row) == len(table[0]) == 3 for table in TABLES for row in table)


@pytest.mark.parametrize("name", NAMED)
def test_named_test_exists(name):
    """A test that the page names is a test in the file, and the class, that it says."""
    path, _, test = name.partition("::")
    assert (ROOT / path).is_file()
    assert test.rpartition("::")[2].startswith("test_")
    assert isinstance(_definitions(path).get(test), ast.FunctionDef | ast.AsyncFunctionDef)


@pytest.mark.parametrize("name", NAMED)
def test_named_test_is_run(name):
    """A test that the page names stands where pytest collects it, or in a class that a collected one inherits."""
    path, _, test = name.partition("::")
    owner = test.rpartition("::")[0]
    assert owner in _run_classes() if owner else Path(path).name.startswith("test_")


def test_every_name_is_whole():
    """Whatever looks like a test's name on the page is read as one, so that none escapes the other laws."""
    assert PAGE.count("::test_") == len(re.findall(r"`(?:tests|src)/[\w/]+\.py::(?:\w+::)?test_\w+`", PAGE))


def test_named_orders_are_walked():
    """A law in quotation marks behind a test of all orders is one that it walks."""
    quoted = re.findall(rf'`([\w/]+\.py)::{ORDERS}` \("([^"]+)"\)', PAGE)
    assert quoted
    assert not [(path, law) for path, law in quoted if law not in _laws(path)]


@cache
def _laws(path: str) -> frozenset[str]:
    """The names of the laws that a test of all orders walks."""
    (laws,) = (
        ast.literal_eval(ast.List(node.value.keys))
        for node in ast.parse((ROOT / path).read_text("utf-8")).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "LAWS" and isinstance(node.value, ast.Dict)
    )
    return frozenset(laws)


def test_promises_are_numbered():
    """The 25 promises are listed once each, in order."""
    assert [row[0] for table in PROMISES for row in table] == [str(number) for number in range(1, 26)]


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_row_is_accounted_for(row):
    """A row names a test, or says what is not there yet, or that it is the application's part."""
    assert row[1].endswith((".", ".)"))
    assert ACCOUNTED.search(row[2])


@pytest.mark.parametrize("table", STANDARDS, ids=["ASVS", "NIST", "RFC", "sheets"])
def test_ids_are_unique(table):
    """No id of a standard is listed twice in its table."""
    ids = [each for row in table for each in row[0].split(", ")]
    assert all(ids)
    assert len(set(ids)) == len(ids)


def test_limits_are_those_of_the_policy():
    """Every number, duration and throttle of the policy is listed with its default."""
    kinds = {int, timedelta, Throttle}
    limits = {field.name: getattr(Policy(), field.name) for field in fields(Policy) if field.type in kinds}
    listed = {name.strip("`"): _read(said) for table in LIMITS for name, said, _ in table}
    assert listed == limits


def _read(said: str) -> int | timedelta | Throttle:
    """Return what a cell says: `5`, `10 minutes`, or `5 in 10 minutes`."""
    limit, _, window = said.partition(" in ")
    if window:
        return Throttle(limit=int(limit.replace(",", "")), window=_read(window))
    number, _, unit = said.partition(" ")
    return timedelta(**{f"{unit.removesuffix('s')}s": int(number)}) if unit else int(number)
