import socket
import subprocess
import sys
from pathlib import Path

from nexus_actors.platform.catalogue import ServiceEntry
from tests.ports import HOST, claim_offset, claim_port

CHECKOUT = Path(__file__).resolve().parents[1]
SERVICES = [ServiceEntry(name="one-ms", title="One", module=None, port=8_080, package=None, layer="business")]
ASK = """
from tests.ports import claim_offset, claim_port
from tests.test_ports import SERVICES
print(claim_offset(SERVICES), *(claim_port() for _ in range(20)))
"""


def claims_of_another_process() -> list[int]:
    done = subprocess.run([sys.executable, "-c", ASK], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    return [int(word) for word in done.stdout.split()]


def test_a_port_is_given_out_once() -> None:
    ports = [claim_port() for _ in range(20)]
    assert len(set(ports)) == 20
    assert not set(ports) & set(claims_of_another_process()[1:])


def test_an_offset_stays_with_its_process_as_long_as_its_ports_are_free() -> None:
    offset = claim_offset(SERVICES)
    assert claim_offset(SERVICES) == offset
    assert claims_of_another_process()[0] != offset
    with socket.create_server((HOST, SERVICES[0].port + offset)):
        assert claim_offset(SERVICES) != offset
