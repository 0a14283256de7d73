"""Asks /health of the services in this container. The image runs it as its health check; it needs the standard library only.

HEALTH_PORTS names the ports, with spaces between. Exits with 0 where all of them answer 200, else with 1 and says why.
"""

import os
import sys
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException

HOST = "127.0.0.1"
TIMEOUT_S = 4.0
_OK = 200
_MOST_BYTES = 2_000


def main(ports: str) -> int:
    """The exit code; what is wrong goes to the output, which `docker inspect` shows."""
    names = ports.split()
    problems = list(look(names)) if names else ["HEALTH_PORTS is empty: name the ports of the services in this container."]
    for problem in problems:
        sys.stdout.write(f"{problem}\n")
    return 1 if problems else 0


def look(ports: list[str]) -> Iterator[str]:
    """What is wrong, port by port."""
    for port in ports:
        if not port.isdigit():
            yield f"HEALTH_PORTS has {port!r}, which is no port."
            continue
        connection = HTTPConnection(HOST, int(port), timeout=TIMEOUT_S)
        try:
            connection.request("GET", "/health")
            answer = connection.getresponse()
            body = answer.read(_MOST_BYTES)
        except (OSError, HTTPException) as error:
            yield f"port {port}: {type(error).__name__}: {error}"
        else:
            if answer.status != _OK:
                yield f"port {port}: {answer.status} {body.decode(errors='replace').strip()}"
        finally:
            connection.close()


if __name__ == "__main__":
    sys.exit(main(os.environ.get("HEALTH_PORTS", "")))
