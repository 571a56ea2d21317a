"""docs/migration.md against sanic-security: its tables name everything that is there."""

import json
import subprocess
import sys

import pytest

from tests.migration.test_ancestor import SCRIPT
from tests.readme.migration_page import tables

OLDER = {"SecondFactorFulfilledError", "VerifiedError"}
"""Errors of older versions."""


@pytest.fixture(scope="module")
def names():
    """All public names of the installed sanic-security."""
    command = [sys.executable, "-W", "ignore", str(SCRIPT), "names"]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def test_every_model_is_told(names):
    """Each model has a table, which names it, and every field, property and method that none of its bases has."""
    told = tables()
    assert set(names["models"]) == told.keys() - {"Functions and decorators", "Settings", "Errors"}
    for model, members in names["models"].items():
        assert sorted(told[model]) == sorted([model, *members])


@pytest.mark.parametrize(
    ("kind", "title"),
    [("functions", "Functions and decorators"), ("settings", "Settings"), ("errors", "Errors")],
)
def test_every_name_is_told(names, kind, title):
    """Each function, decorator, object, setting and error has a row, and no other name has one."""
    assert sorted(tables()[title].keys() - OLDER) == sorted(names[kind])
