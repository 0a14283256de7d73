import socket

from nexus_actors.embedded.ports import LOOPBACK, free_port, is_free


def test_a_port_that_was_found_free_can_be_listened_on() -> None:
    with socket.create_server((LOOPBACK, free_port())) as server:
        assert server.getsockname()[0] == LOOPBACK


def test_a_port_is_taken_while_somebody_listens() -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        assert not is_free(port)
    assert is_free(port)


def test_a_port_is_taken_when_somebody_listens_on_every_interface() -> None:
    with socket.create_server(("", 0)) as server:
        assert not is_free(server.getsockname()[1])


def test_connections_of_a_former_server_do_not_hold_its_port() -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        address = server.getsockname()
        with socket.create_connection(address):
            accepted, _ = server.accept()
            accepted.close()  # the server's side closes first, and so waits in TIME_WAIT
    assert is_free(address[1])
