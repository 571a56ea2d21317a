"""The architecture, held by reading the source: who may know whom, and who may do what."""

import ast
import re
import sys

from tests.architecture.source import Definition, Module, core, is_public, modules

EVENT_LOOPS_AND_THREADS = {
    "anyio",
    "asyncio",
    "concurrent",
    "multiprocessing",
    "queue",
    "selectors",
    "socket",
    "subprocess",
    "threading",
    "trio",
}

LIBRARIES = {
    "argon2": "authcore.hashing",
    "jwt": "authcore.tokens",
    "captcha": "authcore.captcha",
    "cryptography": "authcore.asymmetric",
    "bcrypt": "authcore.foreign_hashes",
}
"""The third-party imports of the core, and the one module that each belongs to."""

WALL_CLOCKS = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today")}
CLOCKS_AND_ENTROPY = {"time", "random", "secrets", "uuid"}

VALUES = (
    "asymmetric",
    "captcha_settings",
    "cookie_settings",
    "environment",
    "identifiers",
    "key_material",
    "keyring",
    "passwords",
    "permissions",
    "rendering",
    "signing",
    "throttle",
)
SETTINGS = ("codes", "hazards", "occasion", "personal_fields", "policy")
DECIDING = (
    "accounts",
    "audit",
    "bootstrap",
    "captchas",
    "challenges",
    "erasure",
    "exports",
    "external_identities",
    "guesses",
    "imported_accounts",
    "letters",
    "lifecycle",
    "outbox",
    "recovery",
    "refusals",
    "registration",
    "retention",
    "revocation",
    "roles",
    "rotation",
    "sealing",
    "second_factor",
    "sessions",
    "throttling",
    "validation",
)
ORDER = (
    ("errors",),
    VALUES,
    ("entities",),
    SETTINGS,
    ("decisions",),
    DECIDING,
    ("ports",),
    ("inspection", "lookups", "principal", "rehearsal"),
    ("flows",),
    ("delivery",),
    ("auth",),
    ("web",),
)
"""Each room may know those before it and its equals; what stands in none is free, but lends no way around."""

UNWANTED = re.compile(r"(?<![a-z])(managers?|services?|helpers?|utils?|utilities|models|repository)(?![a-z])")


def test_core_knows_no_event_loop():
    """The core imports no event loop, no thread, no process and no socket."""
    assert not [
        f"{module.name} imports {name}"
        for module in core()
        for name in module.imports()
        if _root(name) in EVENT_LOOPS_AND_THREADS
    ]


def test_libraries_have_one_home():
    """The core's only third-party imports are argon2, jwt, captcha, cryptography and bcrypt, each in one module."""
    assert not [
        f"{module.name} imports {name}"
        for module in core()
        for name in module.imports()
        if _is_third_party(name) and LIBRARIES.get(_root(name)) != module.name
    ]


def test_core_knows_no_adapter():
    """Nothing in authcore imports a store or a framework's adapter, and the core not even `offload` or `testing`."""
    assert not [
        f"{module.name} imports {name}"
        for module in core()
        for name in module.imports()
        if _root(name).startswith("authcore_") or _is_in(name, "authcore.offload", "authcore.testing")
    ]


def test_time_and_randomness_have_one_home():
    """Only `authcore.system` reads a clock or draws randomness; all others ask a port."""
    strict = [module for module in modules() if not module.within("authcore.system", "authcore.testing")]
    assert not [f"{module.name} uses {use}" for module in strict for use in _uncontrolled(module)]


def test_environment_has_one_home():
    """Only `authcore.environment` reads environment variables."""
    assert not [
        f"{module.name}:{node.lineno}"
        for module in modules()
        if not module.within("authcore.environment")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute | ast.alias) and _last_name(node) in {"environ", "environb", "getenv"}
    ]


def test_only_flows_commits():
    """Nothing outside `flows` calls `commit`, or `stage`, which is the same within a transaction."""
    assert not [
        f"{module.name}:{call.lineno}"
        for module in modules()
        if not module.within("authcore.flows", "authcore.testing", "authcore_redis", "authcore_sqlalchemy")
        for call in (*_calls(module, "commit"), *_calls(module, "stage"))
    ]


def test_stores_know_little():
    """A store imports nothing of authcore but entities, errors and ports."""
    assert not [
        f"{module.name} imports {name}"
        for module in modules()
        if module.within("authcore_redis", "authcore_sqlalchemy")
        for name in module.imports()
        if _root(name) == "authcore" and not _is_in(name, "authcore.entities", "authcore.errors", "authcore.ports")
    ]


def test_couriers_know_little():
    """A courier imports nothing of authcore but entities, errors, identifiers, settings as text, and ports."""
    known = [f"authcore.{room}" for room in ("entities", "environment", "errors", "identifiers", "ports")]
    assert not [
        f"{module.name} imports {name}"
        for module in modules()
        if module.within("authcore_smtp")
        for name in module.imports()
        if _root(name) == "authcore" and not _is_in(name, *known)
    ]


def test_migration_uses_what_applications_use():
    """The migration reads another system's tables, and neither decides nor stores: it knows no store and no adapter."""
    assert not [
        f"{module.name} imports {name}"
        for module in modules()
        if module.within("authcore_migration")
        for name in module.imports()
        if _is_in(name, "authcore.decisions", "authcore.flows", "authcore.ports", "authcore.web")
        or (_root(name).startswith("authcore_") and _root(name) != "authcore_migration")
    ]


def test_dependencies_point_one_way():
    """No room reaches, directly or through others, a room that stands after it in the order."""
    assert not [
        f"{module.name} reaches {later}"
        for place, rooms in enumerate(ORDER)
        for module in core()
        if module.room in rooms
        for later in sorted(_reach(module.name) & _modules_after(place))
    ]


def test_every_module_says_what_it_is():
    """Every module of src opens with a docstring."""
    assert not [module.name for module in modules() if not ast.get_docstring(module.tree)]


def test_every_public_definition_says_what_it_is():
    """Every public function and class of a module has a docstring."""
    assert not [
        name
        for module in modules()
        for name, node in module.definitions()
        if is_public(name) and name.count(".") == module.name.count(".") + 1 and not _is_overload(node)
        if not ast.get_docstring(node)
    ]


def test_names_say_what_things_do():
    """No module, class or function is called a manager, service, helper or the like."""
    names = {name for module in modules() for name in (module.name, *dict(module.definitions()))}
    assert not sorted(name for name in names if is_public(name) and UNWANTED.search(_words(name)))


def _is_overload(node: Definition) -> bool:
    """Whether it is one more signature of what is defined, and described, behind it."""
    return any(ast.unparse(each).rpartition(".")[2] == "overload" for each in node.decorator_list)


def _root(name: str) -> str:
    return name.partition(".")[0]


def _is_in(name: str, *packages: str) -> bool:
    return any(f"{name}.".startswith(f"{package}.") for package in packages)


def _is_third_party(name: str) -> bool:
    return _root(name) not in sys.stdlib_module_names and not _root(name).startswith("authcore")


def _uncontrolled(module: Module) -> list[str]:
    imported = [name for name in module.imports() if _root(name) in CLOCKS_AND_ENTROPY]
    attributes = [node for node in ast.walk(module.tree) if isinstance(node, ast.Attribute)]
    called = [
        f"{owner}.{node.attr}"
        for node in attributes
        if (owner := ast.unparse(node.value).rpartition(".")[2], node.attr) in WALL_CLOCKS or node.attr == "urandom"
    ]
    return imported + called


def _last_name(node: ast.Attribute | ast.alias) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.name.rpartition(".")[2]


def _calls(module: Module, method: str) -> list[ast.Call]:
    calls = [node for node in ast.walk(module.tree) if isinstance(node, ast.Call)]
    return [call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == method]


def _reach(name: str) -> frozenset[str]:
    """Every module of the core that importing `name` needs, itself included."""
    known = {module.name: module for module in core()}
    reached, ahead = set(), {name}
    while ahead:
        reached |= ahead
        ahead = {found for each in ahead if each in known for found in known[each].imports()} - reached
    return frozenset(reached & known.keys())


def _modules_after(place: int) -> frozenset[str]:
    later = {room for rooms in ORDER[place + 1 :] for room in rooms}
    return frozenset(module.name for module in core() if module.room in later)


def _words(name: str) -> str:
    """The words of a name in lower case: `RoleManager.find_by` becomes `role manager.find by`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).replace("_", " ").lower()
