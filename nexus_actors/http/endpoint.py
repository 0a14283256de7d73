"""One route at work: a request of aiohttp comes in, its handler is called, the result goes out."""

from collections.abc import Mapping
from typing import Any, Final, get_origin
from urllib.parse import quote

import msgspec
from aiohttp import web

from bus import FieldError
from nexus_actors.http.admission import Admission
from nexus_actors.http.body import read_body
from nexus_actors.http.etag import EntityTag, is_unchanged, tag_of, version_tag
from nexus_actors.http.idempotency import HEADER, REPLAYED_HEADER, Idempotency, idempotency_of, read_key
from nexus_actors.http.json_body import JsonDecoder
from nexus_actors.http.parameters import ParameterDecoder, plain_query, split_query
from nexus_actors.http.ports import FacePorts
from nexus_actors.http.problem import invalid
from nexus_actors.http.request import Arrival, Request
from nexus_actors.http.route import JSON, Raw, Route
from nexus_actors.http.streaming import Streamed, StreamedAnswer
from nexus_actors.principal import Principal

ARRIVAL: Final = web.RequestKey("arrival", Arrival)
"""Where the guard leaves what it found out about a request."""


class Endpoint:
    """Answers the requests of one route.

    Args:
        route: the route.
        admission: decides who comes in.
        ports: what the face has of the rest of the process.
        deps: what the service handed to its face.
        location: template of the path where a thing that this route makes is read; None where there is none.
    """

    def __init__(
        self,
        route: Route,
        admission: Admission,
        ports: FacePorts,
        deps: Any,  # noqa: ANN401 - the service's own
        location: str | None,
    ) -> None:
        self._route = route
        self._admission = admission
        self._ports = ports
        self._deps = deps
        self._location = location
        self._path = ParameterDecoder(route.path_type, "path")
        self._query = ParameterDecoder(route.query_type, "query") if _is_struct(route.query_type) else None
        self._body: JsonDecoder[Any] | None = JsonDecoder(route.body_type) if route.is_json_body else None
        self._result = get_origin(route.result_type) or route.result_type or type(None)

    async def answer(self, web_request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        route, arrival = self._route, web_request[ARRIVAL]
        authorization = web_request.headers.getall("Authorization", [])
        caller = await self._admission.admit(route, authorization, arrival.remote_ip, arrival.now)
        arguments = self._parameters(web_request)
        body = b"" if route.is_read else await read_body(web_request, route)
        if route.body_type is not None:
            arguments["body"] = body if self._body is None else self._body.decode(body)
        request = Request(
            arrival,
            caller=caller,
            idempotency=self._idempotency(web_request, caller, body),
            db=self._ports.db,
            asker=self._ports.asker,
            new_id=self._ports.new_id,
            deps=self._deps,
        )
        if route.takes_request:
            arguments["request"] = request
        result = await route.handler(**arguments)
        if isinstance(result, Streamed) and self._result is Streamed:
            return await StreamedAnswer.begin(route.status, result, {})
        return self._respond(web_request, request, result)

    def _parameters(self, web_request: web.Request) -> dict[str, Any]:
        path = self._path.decode(list(web_request.match_info.items()))
        arguments: dict[str, Any] = msgspec.structs.asdict(path)
        query = web_request.rel_url.raw_query_string
        if self._query is not None:
            arguments["query"] = self._query.decode(split_query(query))
        elif self._route.query_type is dict:
            arguments["query"] = plain_query(query)
        elif pairs := split_query(query):
            raise invalid(*(FieldError(f"query.{name}", "This route takes no parameters.") for name, _ in pairs))
        return arguments

    def _idempotency(self, web_request: web.Request, caller: Principal | None, body: bytes) -> Idempotency | None:
        key = read_key(web_request.headers.getall(HEADER, []))
        if key is None or self._route.is_read or self._route.options.secret_body:
            return None
        url = web_request.rel_url
        return idempotency_of(key, caller, self._route.method, url.raw_path, url.raw_query_string, body)

    def _respond(self, web_request: web.Request, request: Request, result: object) -> web.Response:
        if not isinstance(result, self._result):
            raise TypeError(f"{self._route.label} returned {type(result).__name__}, not the declared {self._route.result_type}")
        headers = {REPLAYED_HEADER: "true"} if request.replayed else {}
        if isinstance(result, Raw):
            headers.update(result.headers)
            return self._send(web_request, result.status or self._route.status, result.body, result.content_type, headers)
        if result is None:
            return web.Response(status=self._route.status, headers=headers)
        if self._location is not None:
            headers["Location"] = _fill(self._location, result)
        return self._send(web_request, self._route.status, msgspec.json.encode(result), JSON, headers, result)

    def _send(
        self,
        web_request: web.Request,
        status: int,
        body: bytes,
        content_type: str,
        headers: Mapping[str, str],
        result: object = None,
    ) -> web.Response:
        tag: EntityTag | None = tag_of(result, body) if self._route.is_read else version_tag(result)
        headers = dict(headers)
        if tag is not None:
            headers["ETag"] = tag.header()
            if self._route.is_read and is_unchanged(tag, web_request.headers.getall("If-None-Match", [])):
                return web.Response(status=304, headers=headers)
        return web.Response(status=status, body=body, headers={**headers, "Content-Type": content_type})


def _is_struct(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _fill(template: str, result: object) -> str:
    """The path of a thing: the template's only parameter is a field of it."""
    before, _, rest = template.partition("{")
    name, _, after = rest.partition("}")
    return before + quote(str(getattr(result, name)), safe="") + after
