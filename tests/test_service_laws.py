"""The laws of the rooms of a service (docs/services.md): what imports what, and where SQL and HTTP may stand."""

import ast
import re
from collections.abc import Iterator
from typing import Final

import pytest

from tests.test_laws import MODULES, imported_names, module_name, relative, service_of, services

RULES: Final = frozenset({"contract", "domain"})
MAY_IMPORT: Final[dict[str, frozenset[str]]] = {
    "domain": RULES,
    "contract": RULES,
    "tables": RULES | {"tables"},
    "queries": RULES | {"tables", "queries"},
    "jobs": RULES | {"jobs"},
}
"""What some rooms may import of their own service. The others may import all but what follows."""
MAY_NOT_IMPORT: Final[dict[str, frozenset[str]]] = {
    "actors": frozenset({"routes", "service"}),
    "routes": frozenset({"actors", "jobs", "service"}),
}

HTTP: Final = ("aiohttp", "nexus_actors.http")
ROWS: Final = ("nexus_actors.database", "nexus_actors.postgres.statement", "nexus_actors.tables")
HAS_NO_HTTP: Final = frozenset({"contract", "domain", "tables", "queries", "actors", "jobs"})
HAS_NO_ROWS: Final = frozenset({"contract", "domain", "jobs"})
HAS_SQL: Final = frozenset({"tables", "queries"})
WRITES_SQL: Final = frozenset(
    {
        "modules.infrastructure.auth.actors.account",
        "modules.infrastructure.auth.actors.address_book",
        "modules.infrastructure.auth.actors.key_ring",
        "modules.infrastructure.auth.actors.password_turns",
        "modules.infrastructure.auth.actors.revoking",
        "modules.infrastructure.auth.actors.service_account",
        "modules.infrastructure.auth.actors.session_turns",
        "modules.infrastructure.auth.actors.tenant",
        "modules.infrastructure.auth.key_chain",
        "modules.puabo_nexus.fleet.actors.deliveries",
        "modules.puabo_nexus.fleet.actors.engagement",
        "modules.puabo_nexus.fleet.actors.timeline",
        "modules.puabo_nexus.fleet.actors.trips",
        "modules.puabo_nexus.location.actors.records",
        "modules.puabo_nexus.location.actors.surroundings",
        "modules.puabo_nexus.tracker.actors.driver_account",
    }
)
"""Hot paths, and writes that are not of one row of a table: their SQL stands beside the handlers that it is made for."""

SQL: Final = re.compile(r"\$[1-9]|\bSELECT\b.+\bFROM\b|\bINSERT\s+INTO\b|\bUPDATE\s+\w+\s+SET\b|\bDELETE\s+FROM\b", re.DOTALL)
KNOWN: Final = services()


def room_of(name: str, known: set[str]) -> str | None:
    """The room of a module in its service; None outside of services. What stands beside the rooms is one of its own name."""
    service = service_of(name, known)
    if service is None or name == service:
        return None
    return name.removeprefix(f"{service}.").split(".")[0]


def rooms_imported(importer: str, tree: ast.Module, known: set[str]) -> Iterator[tuple[int, str]]:
    """What a module imports of its own service, room by room."""
    own = service_of(importer, known)
    for line, name in imported_names(tree):
        if own is not None and service_of(name, known) == own:
            room = room_of(name, known)
            if room is not None:
                yield line, room


def faults_of(importer: str, tree: ast.Module, known: set[str]) -> Iterator[str]:
    """What a module of a service has against the laws of its room."""
    room = room_of(importer, known) or "service"
    for line, other in rooms_imported(importer, tree, known):
        if other not in MAY_IMPORT.get(room, {other}) or other in MAY_NOT_IMPORT.get(room, ()):
            yield f"{line} {room} imports {other}"
    for line, name in imported_names(tree):
        if name.startswith(HTTP) and room in HAS_NO_HTTP:
            yield f"{line} {room} imports {name}: HTTP is the affair of routes"
        if name.startswith(ROWS) and room in HAS_NO_ROWS:
            yield f"{line} {room} imports {name}: rows are the affair of tables, queries and actors"
    if room not in HAS_SQL and importer not in WRITES_SQL:
        yield from (f"{line} {room} has SQL: write it in queries" for line in statements(tree))


def statements(tree: ast.Module) -> Iterator[int]:
    """The lines of texts that are SQL, docstrings aside."""
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told and SQL.search(node.value):
            yield node.lineno


def test_each_room_keeps_to_its_own_affairs() -> None:
    files = [file for file in MODULES if service_of(module_name(file), KNOWN) is not None]
    assert files
    broken = [
        f"{relative(file)}:{fault}"
        for file in files
        for fault in faults_of(module_name(file), ast.parse(file.read_text()), KNOWN)
    ]
    assert not broken, "\n".join(broken)


def test_who_may_write_sql_does() -> None:
    there = {module_name(file): file for file in MODULES if module_name(file) in WRITES_SQL}
    assert {name for name, file in there.items() if any(statements(ast.parse(file.read_text())))} == WRITES_SQL


@pytest.mark.parametrize(
    ("importer", "line", "said"),
    [
        ("modules.a.x.contract", "from modules.a.x.domain.plate import plate", None),
        ("modules.a.x.contract", "from modules.a.x.domain import plate", None),
        ("modules.a.x.contract", "from modules.a.x.tables import DRIVERS", "contract imports tables"),
        ("modules.a.x.contract", "from modules.a.x import queries", "contract imports queries"),
        ("modules.a.x.contract", "from modules.a.y.contract import Event", None),
        ("modules.a.x.domain.plate", "from modules.a.x.contract import Driver", None),
        ("modules.a.x.domain.plate", "from modules.a.x.actors.drivers import DriverActor", "domain imports actors"),
        ("modules.a.x.domain", "from modules.a.x.routes import routes", "domain imports routes"),
        ("modules.a.x.domain", "import modules.a.x.queries.drivers", "domain imports queries"),
        ("modules.a.x.domain", "from nexus_actors.database import Reader", "rows are the affair"),
        ("modules.a.x.domain", "from nexus_actors.http import Request", "HTTP is the affair"),
        ("modules.a.x.tables", "from modules.a.x.contract import Driver\nfrom nexus_actors.tables import Table", None),
        ("modules.a.x.tables", "from modules.a.x.queries import drivers", "tables imports queries"),
        ("modules.a.x.queries.drivers", "from modules.a.x.tables import DRIVERS", None),
        ("modules.a.x.queries.drivers", "from modules.a.x.actors import DriverActor", "queries imports actors"),
        ("modules.a.x.queries.drivers", "from nexus_actors.http import PageQuery", "HTTP is the affair"),
        ("modules.a.x.actors", "from modules.a.x.jobs import Mend", None),
        ("modules.a.x.actors", "from modules.a.x.login import enter", None),
        ("modules.a.x.actors", "from modules.a.x.routes import routes", "actors imports routes"),
        ("modules.a.x.actors", "from nexus_actors.http import PageQuery", "HTTP is the affair"),
        ("modules.a.x.routes.drivers", "from modules.a.x.queries import drivers", None),
        ("modules.a.x.routes.drivers", "from modules.a.x.actors import DriverActor", "routes imports actors"),
        ("modules.a.x.service", "from modules.a.x.actors import DriverActor\nfrom nexus_actors.http import Routes", None),
        ("modules.a.x", "from modules.a.x.service import service", None),
        ("modules.a.x.login", "from nexus_actors.http import Request", None),
        ("modules.a.x.routes", 'ONE = "SELECT plate FROM vehicles"', "routes has SQL"),
        ("modules.a.x.routes", 'DRIVERS.select(request, "plate = $2", plate)', "routes has SQL"),
        ("modules.a.x.routes", 'ALL = f"""SELECT plate\nFROM {table}"""', "routes has SQL"),
        ("modules.a.x.domain", 'ONE = "UPDATE vehicles SET plate = 1"', "domain has SQL"),
        ("modules.a.x.domain", '"""Where one may SELECT FROM a list."""\nPRICE = "from 10 $"', None),
        ("modules.a.x.actors", 'ONE = "DELETE FROM vehicles"', "actors has SQL"),
        ("modules.a.x.login", 'ONE = "DELETE FROM vehicles"', "login has SQL"),
        ("modules.a.x.queries", 'ONE = "DELETE FROM vehicles"', None),
        ("modules.a.geometry", "from nexus_actors.http import Request", None),
    ],
)
def test_the_laws_of_rooms_see(importer: str, line: str, said: str | None) -> None:
    known = {"modules.a.x", "modules.a.y"}
    found = list(faults_of(importer, ast.parse(line), known)) if service_of(importer, known) else []
    assert len(found) == (said is not None), found
    assert said is None or said in found[0]
