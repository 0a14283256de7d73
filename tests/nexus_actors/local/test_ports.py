"""The ports of the services: what is taken is told before anything starts."""

import os
import socket

import pytest

from nexus_actors.local.errors import CannotStart
from nexus_actors.local.ports import check_ports, free_offset, is_free
from nexus_actors.platform.catalogue import ServiceEntry

HOST = "127.0.0.1"


def entry(name: str, port: int) -> ServiceEntry:
    return ServiceEntry(name=name, title=name, module=None, port=port, package="a.b", layer="business")


FLEET, TRACKER = entry("fleet-service", 8080), entry("tracker-ms", 8081)


def test_free_ports_are_fine() -> None:
    check_ports([FLEET, TRACKER], HOST, 0, lambda host, port: True)


def test_every_taken_port_is_named_with_its_service_and_a_way_out() -> None:
    with pytest.raises(CannotStart) as caught:
        check_ports([FLEET, TRACKER], HOST, 0, lambda host, port: port not in {8080, 8081, 8181})
    message = str(caught.value)
    assert "port 8080 of 127.0.0.1, for fleet-service" in message
    assert "port 8081 of 127.0.0.1, for tracker-ms" in message
    assert "nothing was started" in message
    assert "nexus up --port-offset 200" in message


def test_the_offset_counts() -> None:
    with pytest.raises(CannotStart, match=r"port 9080 of 127\.0\.0\.1, for fleet-service"):
        check_ports([FLEET], HOST, 1000, lambda host, port: port != 9080)


def test_a_port_beyond_the_last_is_refused() -> None:
    with pytest.raises(CannotStart, match="beyond 65535: fleet-service 68080"):
        check_ports([FLEET], HOST, 60_000, lambda host, port: True)


def test_where_no_offset_helps_none_is_proposed() -> None:
    assert free_offset([FLEET], HOST, lambda host, port: False) is None
    with pytest.raises(CannotStart) as caught:
        check_ports([FLEET], HOST, 0, lambda host, port: False)
    assert "--port-offset" not in str(caught.value)


def test_the_program_that_listens_is_named() -> None:
    with socket.create_server((HOST, 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(CannotStart, match=rf"process {os.getpid()} \("):
            check_ports([entry("fleet-service", port)], HOST, 0)


def test_a_port_is_free_until_somebody_listens() -> None:
    with socket.create_server((HOST, 0)) as listener:
        port = listener.getsockname()[1]
        assert not is_free(HOST, port)
    assert is_free(HOST, port)


def test_a_port_on_all_addresses_is_taken_by_one_on_any() -> None:
    with socket.create_server((HOST, 0)) as listener:
        assert not is_free("0.0.0.0", listener.getsockname()[1])  # noqa: S104 - nothing listens there


def test_a_host_that_is_none_is_refused() -> None:
    with pytest.raises(CannotStart, match="NEXUS_HOST"):
        is_free("no such host", 8080)
