"""The public interface: what a module exports exists, and its types say something."""

import ast
import importlib
from collections.abc import Iterator
from importlib.util import find_spec

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
