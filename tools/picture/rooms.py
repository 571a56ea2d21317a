"""Which room stands in which box of the picture: a table.  What is in a room, and what it imports, is read from src."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from sys import stdlib_module_names

from tests.architecture.source import Module, modules

EVENT_LOOPS = frozenset({"asyncio"})


@dataclass(frozen=True)
class Box:
    """One box: its title, what it is about, its kind, its row, its left and right edge, and the rooms in it."""

    title: str
    about: str
    kind: str
    row: int
    left: int
    right: int
    rooms: tuple[str, ...]


BOXES = (
    Box("Adapters", "a framework's requests, and back", "outside", 0, 40, 560, ("authcore_asgi", "authcore_sanic")),
    Box("Public names", "what applications import", "outside", 0, 600, 820, ("authcore", "terminal")),
    Box("Test kit", "for your tests as well", "outside", 0, 850, 1160, ("testing",)),
    Box("Web", "HTTP as values; knows no framework", "flowing", 1, 40, 336, ("web",)),
    Box(
        "For operators",
        "a command; another system's tables",
        "outside",
        1,
        512,
        774,
        ("authcore_command", "authcore_migration"),
    ),
    Box("Event loop", "threads, delivery", "outside", 1, 352, 496, ("offload",)),
    Box(
        "Stores, couriers",
        "ports, implemented",
        "outside",
        1,
        790,
        1160,
        ("authcore_sqlalchemy", "authcore_redis", "authcore_smtp", "memory", "console", "couriers"),
    ),
    Box(
        "Use cases",
        "one flow each",
        "flowing",
        2,
        40,
        820,
        ("auth", "delivery", "inspection", "lookups", "opening", "rehearsal"),
    ),
    Box(
        "Deciding",
        "pure functions that return a Decision",
        "pure",
        3,
        120,
        540,
        (
            *("accounts", "lifecycle", "external_identities", "registration", "bootstrap", "imported_accounts"),
            "addresses",
            "validation",
            *("sessions", "rosters", "rotation", "second_factor", "recovery", "revocation", "challenges", "captchas"),
            *("guesses", "throttling", "roles", "principal", "outbox", "letters", "audit"),
            *("sealing", "refusals", "erasure", "exports", "retention"),
        ),
    ),
    Box("The loop", "read, decide, commit", "flowing", 3, 600, 820, ("flows", "caller_cache")),
    Box("Hashers", "one around another", "leaf", 3, 850, 1160, ("foreign_hashes", "pepper")),
    Box(
        "Settings, codes",
        "wishes; when and where",
        "pure",
        4,
        120,
        360,
        ("policy", "hazards", "occasion", "codes", "personal_fields"),
    ),
    Box("Decision", "what to write", "pure", 4, 390, 540, ("decisions",)),
    Box("The machine", "clock, log", "leaf", 4, 566, 696, ("system", "logbook")),
    Box("Ports", "what is asked of the outside, each with its law book", "port", 4, 720, 1160, ("ports",)),
    Box("Libraries", "one home for each", "leaf", 5, 40, 270, ("hashing", "tokens", "captcha")),
    Box("Entities", "frozen values with an id and a version; their flat records", "pure", 5, 310, 1160, ("entities",)),
    Box(
        "Values",
        "the rules about one kind of value each; settings as text",
        "pure",
        6,
        40,
        1160,
        (
            "identifiers",
            "permissions",
            "passwords",
            "keyring",
            "signing",
            "key_material",
            "asymmetric",
            "cookie_settings",
            "captcha_settings",
            "throttle",
            "rendering",
            "environment",
        ),
    ),
    Box("Errors", "every refusal and every fault, in one tree", "pure", 7, 40, 1160, ("errors",)),
)


def room_of(name: str) -> str:
    """The room that a module of src stands in: a package around the core, or the first word after `authcore.`."""
    package, _, rest = name.partition(".")
    return rest.partition(".")[0] if package == "authcore" and rest else package


@cache
def box_of(room: str) -> Box:
    """The box of a room."""
    found = [box for box in BOXES if room in box.rooms]
    if len(found) != 1:
        raise LookupError(f"{room} stands in {len(found)} boxes; give it one place in BOXES")
    return found[0]


def imports() -> frozenset[tuple[Box, Box]]:
    """Every box, with every other box that one of its modules imports."""
    pairs = {
        (box_of(room_of(module.name)), box_of(room_of(name)))
        for module in modules()
        for name in module.imports()
        if name.startswith("authcore")
    }
    return frozenset((source, target) for source, target in pairs if source is not target)


def arrows() -> tuple[tuple[Box, Box], ...]:
    """The imports that follow from no others, in the order of the boxes."""
    direct = imports()

    @cache
    def reach(box: Box) -> frozenset[Box]:
        below = {target for source, target in direct if source == box}
        return frozenset(below).union(*map(reach, below))

    kept = {
        (source, target)
        for source, target in direct
        if not any(target in reach(between) for start, between in direct if start == source)
    }
    return tuple(sorted(kept, key=lambda pair: (BOXES.index(pair[0]), BOXES.index(pair[1]))))


def libraries(within: Iterable[Module]) -> list[str]:
    """The libraries that modules import, and the event loop."""
    roots = {name.partition(".")[0] for module in within for name in module.imports()}
    ours = {"authcore", *(module.name.partition(".")[0] for module in modules())}
    return sorted(roots - (stdlib_module_names - EVENT_LOOPS) - ours)
