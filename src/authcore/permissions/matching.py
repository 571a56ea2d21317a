"""Permissions: what implies what, and what a set of grants allows.  Who holds which grants is decided elsewhere."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Protocol, TypeAlias, cast, final

from authcore.errors import ConfigurationError, InvalidPermission
from authcore.permissions.index import GrantIndex
from authcore.permissions.text import Parts, parse, plain, render

__all__ = ["Condition", "Holder", "Permission", "PermissionSet", "Permissions", "Requirement", "check_stated"]

_SETS_KEPT: Final = 128
_ANSWERS_KEPT: Final = 256


@final
@dataclass(frozen=True, slots=True, repr=False)
class Permission:
    """A grant or a requirement in canonical form: permissions that imply each other are equal.

    Trailing wildcards say nothing and are dropped: `printer:*` is `printer`.
    """

    parts: Parts

    def __post_init__(self) -> None:
        if parse(str(self)) != self.parts:
            raise InvalidPermission("not_canonical")

    @classmethod
    def parse(cls, text: str) -> "Permission":
        """Read a permission, or refuse it with the reason."""
        permission = object.__new__(cls)
        object.__setattr__(permission, "parts", parse(text))
        return permission

    def implies(self, other: "Permission") -> bool:
        """Tell whether a holder of this permission may do all that the other one names."""
        return len(self.parts) <= len(other.parts) and all(
            "*" in mine or mine >= theirs for mine, theirs in zip(self.parts, other.parts, strict=False)
        )

    def __str__(self) -> str:
        return render(self.parts)

    def __repr__(self) -> str:
        return f"Permission.parse({str(self)!r})"


Permissions: TypeAlias = str | Permission | Iterable[str | Permission]
"""One permission, or several: text is one permission and never a series of characters."""


@final
@dataclass(frozen=True, slots=True, repr=False)
class PermissionSet(Collection[Permission]):
    """All that a principal was granted, indexed once.

    It holds (`in`) what it implies, and iterates over what was granted.  Grants are not merged: one grant must cover a
    requirement, with all of its comma lists.
    """

    grants: frozenset[Permission]
    implies: Callable[[str | Permission], bool] = field(init=False, compare=False)
    """Tells whether one of the grants implies the requirement; a malformed one is refused."""

    def __post_init__(self) -> None:
        answers = _Answers(GrantIndex([grant.parts for grant in self.grants]))
        # The look-up itself: a function around it would cost as much again, and every request asks.
        object.__setattr__(self, "implies", answers.__getitem__)

    @classmethod
    def of(cls, grants: Permissions) -> "PermissionSet":
        """Index the grants, or return the index of equal ones; a malformed grant is refused."""
        return _indexed(_distinct(grants))

    def allows(self, *, all_of: Permissions | None = None, any_of: Permissions | None = None) -> bool:
        """Tell whether all, or any, of these permissions are implied; name them in exactly one of the two."""
        return Requirement(all_of=all_of, any_of=any_of).met_by(self)

    def __contains__(self, item: object) -> bool:
        """Tell whether the item is implied; what is malformed or no permission at all is not, and never raises."""
        try:
            return self.implies(cast("str", item))
        except (InvalidPermission, TypeError):  # TypeError: it cannot be hashed
            return False

    def __iter__(self) -> Iterator[Permission]:
        return iter(self.grants)

    def __len__(self) -> int:
        return len(self.grants)

    def __repr__(self) -> str:
        return f"PermissionSet.of({sorted(map(str, self.grants))!r})"


class Holder(Protocol):
    """Whoever holds roles, and the permissions that come with them."""

    @property
    def roles(self) -> Collection[str]:
        """The names of its roles."""
        ...

    @property
    def permissions(self) -> PermissionSet:
        """What its roles grant."""
        ...


class Condition(Protocol):
    """What is asked of a caller besides being somebody; its text names what was missing, for logs."""

    def holds_for(self, holder: Holder, /) -> bool:
        """Tell whether somebody meets it."""
        ...


@final
@dataclass(frozen=True, slots=True, init=False)
class Requirement:
    """What a caller must hold: all of some permissions, or any of them; refused when built if empty or malformed."""

    all_of: tuple[str, ...]
    any_of: tuple[str, ...]

    def __init__(self, *, all_of: Permissions | None = None, any_of: Permissions | None = None) -> None:
        object.__setattr__(self, "all_of", _canonical(all_of))
        object.__setattr__(self, "any_of", _canonical(any_of))
        check_stated(all_of, any_of, named=self.all_of or self.any_of)

    def met_by(self, granted: PermissionSet) -> bool:
        """Tell whether these grants meet the requirement."""
        return all(map(granted.implies, self.all_of)) if self.all_of else any(map(granted.implies, self.any_of))

    def holds_for(self, holder: Holder, /) -> bool:
        """Tell whether somebody's grants meet the requirement."""
        return self.met_by(holder.permissions)

    def __str__(self) -> str:
        return " and ".join(self.all_of) or " or ".join(self.any_of)


def check_stated(all_of: object, any_of: object, *, named: Collection[str]) -> None:
    """Raise ConfigurationError unless a requirement says one thing, and names something in it."""
    if (all_of is None) == (any_of is None):
        raise ConfigurationError("Say what is required: either all_of=... or any_of=...")
    if not named:
        raise ConfigurationError("An empty requirement would allow everyone or no one: name what is required.")


@final
class _Answers(dict[object, bool]):
    """The answers of an index, remembered up to a bound: strangers choose what is asked, and must not fill memory."""

    __slots__ = ("_index",)

    def __init__(self, index: GrantIndex) -> None:
        super().__init__()
        self._index = index

    def __missing__(self, requirement: object) -> bool:
        parts = requirement.parts if isinstance(requirement, Permission) else plain(requirement) or parse(requirement)
        answer = self._index.covers(parts)
        if len(self) >= _ANSWERS_KEPT:
            self.clear()
        # As plain text, because a subclass of str may bring an equality of its own, and answer for other permissions.
        self[str.__str__(requirement) if isinstance(requirement, str) else requirement] = answer
        return answer


@lru_cache(maxsize=_SETS_KEPT)
def _indexed(grants: frozenset[str | Permission]) -> PermissionSet:
    """Return the set of these grants; they are the key themselves, so that a changed role is never answered for."""
    return PermissionSet(frozenset(map(_permission, grants)))


def _permission(named: str | Permission) -> Permission:
    return named if isinstance(named, Permission) else Permission.parse(named)


def _distinct(named: Permissions) -> frozenset[str | Permission]:
    if isinstance(named, str | Permission):
        return frozenset((named,))
    try:
        return frozenset(named)
    except TypeError as error:
        raise InvalidPermission("not_text") from error


def _canonical(named: Permissions | None) -> tuple[str, ...]:
    return tuple(sorted({str(_permission(one)) for one in _distinct(() if named is None else named)}))
