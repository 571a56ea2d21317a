"""pycasbin: its enforcer, with a model of roles and wildcards in memory."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from casbin import Enforcer, Model

from benchmarks.measuring import Side
from benchmarks.peers.scenes import SIZES, checking, grants_of

__all__ = ["checks"]

_MODEL = """
[request_definition]
r = sub, obj, act

[policy_definition]
p = sub, obj, act

[role_definition]
g = _, _

[policy_effect]
e = some(where (p.eft == allow))

[matchers]
m = g(r.sub, p.sub) && keyMatch(r.obj, p.obj) && keyMatch(r.act, p.act)
"""


@asynccontextmanager
async def checks() -> AsyncIterator[Mapping[str, Side]]:
    """Enforce a policy by which somebody has one role, with so many permissions."""
    yield checking({size: _check(size) for size in SIZES})


def _check(size: int) -> Callable[[str], bool]:
    model = Model()
    model.load_model_from_text(_MODEL)
    enforcer = Enforcer(model)
    enforcer.add_grouping_policy("ada", "clerk")
    enforcer.add_policies([["clerk", *grant.split(":")] for grant in grants_of(size)])

    def check(requirement: str) -> bool:
        domain, _, action = requirement.partition(":")
        return bool(enforcer.enforce("ada", domain, action))

    return check
