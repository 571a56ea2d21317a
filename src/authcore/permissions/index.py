"""The search for a grant that covers a requirement.  No text of a permission is read here: parts come in."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import final

from authcore.permissions.text import ANY, Part, Parts

__all__ = ["GrantIndex"]


@final
class GrantIndex:
    """A tree of grants, one level a part; grants share a branch as long as their parts are equal.

    A comma list is one branch that is filed under each of its sub-parts, so that lists are never multiplied out:
    building is linear in the length of the grants, and a search meets no branch twice.  A search follows only the
    branches that cover what is asked for, so that unrelated grants cost nothing.
    """

    __slots__ = ("branches", "covers_all", "part", "wild")

    def __init__(self, grants: Sequence[Parts], part: Part = ANY, depth: int = 0) -> None:
        self.part = part
        self.covers_all = any(len(grant) == depth for grant in grants)
        # Where a grant ends, it covers everything below, and what longer grants say there changes nothing.
        branches = [] if self.covers_all else _branches(grants, depth)
        self.wild = [branch for branch in branches if branch.part == ANY]
        self.branches = _filed(branches, self.wild)

    def covers(self, requirement: Sequence[Part | str], depth: int = 0) -> bool:
        """Tell whether one single grant covers the requirement; a part of one sub-part may be given as that alone."""
        if self.covers_all or depth == len(requirement):
            return self.covers_all
        part = requirement[depth]
        # Every request passes here, so that the commonest look-up comes first and the loop is no slower any().
        for branch in self.branches.get(part) or self.covering(part):  # noqa: SIM110
            if branch.covers(requirement, depth + 1):
                return True
        return False

    def covering(self, part: Part | str) -> Sequence["GrantIndex"]:
        """Return the branches whose part covers this one."""
        if isinstance(part, str):
            return self.branches.get(part, self.wild)
        filed = [self.branches.get(subpart, self.wild) for subpart in part]
        if len(filed) == 1:
            return filed[0]
        return [branch for branch in min(filed, key=len) if branch.part >= part or branch.part == ANY]


def _branches(grants: Sequence[Parts], depth: int) -> list[GrantIndex]:
    """Return one branch for each different part at this depth."""
    alike: defaultdict[Part, list[Parts]] = defaultdict(list)
    for grant in grants:
        alike[grant[depth]].append(grant)
    return [GrantIndex(group, part, depth + 1) for part, group in alike.items()]


def _filed(branches: Sequence[GrantIndex], wild: Sequence[GrantIndex]) -> Mapping[Part | str, Sequence[GrantIndex]]:
    """Return all the branches that cover a sub-part, for each sub-part that is named at all."""
    filed: defaultdict[str, list[GrantIndex]] = defaultdict(list)
    for branch in branches:
        for subpart in branch.part:
            filed[subpart].append(branch)
    return {subpart: listed if subpart == "*" else [*listed, *wild] for subpart, listed in filed.items()}
