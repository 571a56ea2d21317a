"""The public interface: what a module exports exists, and its types say something."""

import ast
import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec

import pytest

import authcore
from tests.architecture.source import Module, is_public, modules

FRAMEWORKS = {"django", "litestar", "quart"}
"""They are installed for `nox -s frameworks` only, which imports what is made for them."""


def test_exports_exist():
    """Every name in a module's `__all__` can be imported from it."""
    assert not [
        f"{module.name}.{name}"
        for module in modules()
        if _defines_all(module) and not _is_of_an_absent_framework(module)
        for exporter in [importlib.import_module(module.name)]
        for name in exporter.__all__
        if not hasattr(exporter, name)
    ]


def test_exports_of_authcore_are_sorted():
    """The names that `authcore` exports stand in order, each once: constants, then classes, then functions."""
    names = getattr(importlib.import_module("authcore"), "__all__", [])
    assert list(names) == sorted(set(names), key=_rank)


def test_exports_of_authcore_come_from_where_types_say():
    """What `authcore` imports for whoever reads types is what it imports once that is asked for, and all it exports."""
    (tree,) = (module.tree for module in modules() if module.name == "authcore")
    imported = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and "authcore" in str(node.module)]
    typed = {alias.name: node.module for node in imported for alias in node.names}
    assert typed == authcore._HOMES  # noqa: SLF001  nothing else shows it
    assert sorted(typed) == sorted(authcore.__all__)
    assert set(authcore.__all__) <= set(dir(authcore))
    with pytest.raises(AttributeError, match="nothing"):
        _ = authcore.nothing


@pytest.mark.parametrize("statement", ["import authcore", "from authcore import *"])
def test_importing_authcore_loads_nothing_of_others(statement):
    """Neither `authcore` itself nor any name that it exports brings a module of anybody else's with it."""
    program = f"import sys; {statement}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    told = subprocess.run([sys.executable, "-P", "-S", "-c", program], capture_output=True, check=True, env=_path())
    assert set(told.stdout.decode().split()) - {"__main__", *sys.stdlib_module_names} == {"authcore"}


def _path():
    return {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def test_no_public_signature_says_any():
    """No public function or method takes or returns `Any`."""
    assert not [
        f"{name}:{annotation.lineno}"
        for module in modules()
        for name, node in module.definitions()
        if is_public(name) and not isinstance(node, ast.ClassDef)
        for annotation in _annotations(node)
        if _says_any(annotation)
    ]


def _is_of_an_absent_framework(module: Module) -> bool:
    """Whether a module of the ASGI adapter is named for a framework that is not installed here."""
    return module.within("authcore_asgi") and module.room in FRAMEWORKS and find_spec(module.room) is None


def _defines_all(module: Module) -> bool:
    targets = [target for node in module.tree.body if isinstance(node, ast.Assign) for target in node.targets]
    return any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets)


def _rank(name: str) -> tuple[bool, bool, str]:
    return not name.isupper(), not name[0].isupper(), name


def _annotations(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.expr]:
    of = function.args
    arguments = [*of.posonlyargs, *of.args, *of.kwonlyargs, *filter(None, [of.vararg, of.kwarg])]
    return filter(None, [*(argument.annotation for argument in arguments), function.returns])


def _says_any(annotation: ast.expr) -> bool:
    return any(
        (isinstance(node, ast.Name) and node.id == "Any") or (isinstance(node, ast.Attribute) and node.attr == "Any")
        for node in ast.walk(annotation)
    )
