"""The routes of a face together: whether they can live side by side, and what they mean to each other."""

from msgspec import Struct

from nexus_actors.http.route import Route, RouteError
from nexus_actors.http.signature import PATH_PARAMETER


def check_routes(routes: tuple[Route, ...], taken: frozenset[str]) -> None:
    """Raise `RouteError` where two routes answer the same requests.

    Args:
        routes: the routes of a service.
        taken: paths that are read elsewhere already.
    """
    seen: dict[str, Route] = {}
    for route in routes:
        if route.is_read and route.path in taken:
            raise RouteError(f"{route.label} is a page that every service has. Choose another path.")
        form = f"{route.method} {PATH_PARAMETER.sub('{}', route.path)}"
        if form in seen:
            raise RouteError(f"{route.label} ({route.name}) answers the same requests as {seen[form].name}. Change one path.")
        seen[form] = route


def router_path(route: Route) -> str:
    """The path as aiohttp's router reads it. A parameter ends before ``:``, so ``{id}`` and ``{id}:verb`` are two paths."""
    return PATH_PARAMETER.sub(r"{\1:[^/:]+}", route.path)


def location_of(route: Route, routes: tuple[Route, ...]) -> str | None:
    """The template of the path where a thing that ``route`` makes is read.

    It is that of the read below it, with one parameter more, which is a field of the result.
    """
    made = route.result_type
    if route.status != 201 or not (isinstance(made, type) and issubclass(made, Struct)):  # noqa: PLR2004
        return None
    for other in routes:
        rest = other.path.removeprefix(route.path + "/")
        match = PATH_PARAMETER.fullmatch(rest)
        if other.is_read and other.path.startswith(route.path) and match and match[1] in made.__struct_fields__:
            return other.path
    return None
