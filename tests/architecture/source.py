"""The source as the architecture tests see it: parsed, never imported."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SRC = Path(__file__).parents[2] / "src"

Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One module of src/: its dotted name, and its syntax tree."""

    name: str
    is_package: bool
    tree: ast.Module

    @property
    def room(self) -> str:
        """The first word after `authcore.`: the room that the module stands in."""
        return f"{self.name}.".split(".")[1]

    def within(self, *names: str) -> bool:
        """Whether this is one of the modules or packages `names`, or inside one."""
        return any(f"{self.name}.".startswith(f"{name}.") for name in names)

    def imports(self) -> Iterator[str]:
        """Every module that is imported anywhere in this one, functions and type-checking blocks included."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                origin = self._origin(node)
                yield from (_module(origin, alias.name) for alias in node.names)

    def _origin(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parents = self.name.split(".")
        parents = parents[: len(parents) - node.level + self.is_package]
        return ".".join([*parents, *filter(None, [node.module])])

    def definitions(self) -> Iterator[tuple[str, Definition]]:
        """The classes and functions of the module and the methods of its classes, with their dotted names."""
        yield from _definitions(self.tree, self.name)


def _definitions(parent: ast.Module | ast.ClassDef, name: str) -> Iterator[tuple[str, Definition]]:
    for node in parent.body:
        if isinstance(node, Definition):
            yield f"{name}.{node.name}", node
        if isinstance(node, ast.ClassDef):
            yield from _definitions(node, f"{name}.{node.name}")


def _module(origin: str, name: str) -> str:
    """What `from origin import name` imports: a module of src if there is one of that name, else `origin`."""
    return f"{origin}.{name}" if f"{origin}.{name}" in _paths() else origin


@cache
def _paths() -> dict[str, Path]:
    """The path of each module of src/, by its dotted name."""
    paths = sorted(SRC.rglob("*.py"))
    return {".".join(path.relative_to(SRC).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}


@cache
def modules() -> tuple[Module, ...]:
    """All modules of src/."""
    return tuple(
        Module(name, path.name == "__init__.py", ast.parse(path.read_bytes(), path)) for name, path in _paths().items()
    )


def core() -> Iterator[Module]:
    """The modules of the core: authcore without `offload` and `testing`."""
    return (module for module in modules() if module.within("authcore") and module.room not in {"offload", "testing"})


def is_public(name: str) -> bool:
    """Whether no part of a dotted name is private."""
    return not any(part.startswith("_") for part in name.split("."))
