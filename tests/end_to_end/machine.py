"""A platform of its own on this machine, driven through the command line as people do it."""

import os
import subprocess
import sys
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import msgspec
from msgspec import Struct

from nexus_actors.local.credentials import Credentials, load_credentials
from nexus_actors.local.home import Home
from nexus_actors.local.run_state import RunState
from nexus_actors.platform.loading import load_catalogue
from tests.ports import claim_offset

CHECKOUT = Path(__file__).resolve().parents[2]
CATALOGUE = load_catalogue()
BUILT = [entry.name for entry in CATALOGUE.built()]
_WITHIN_S = 50


class Said(Struct, frozen=True):
    """What a command came to."""

    code: int
    output: str

    def json(self) -> dict[str, object]:
        """The output, decoded."""
        return msgspec.json.decode(self.output, type=dict[str, object])


class Machine:
    """A data folder, ports of its own, and the command line on them."""

    def __init__(self, folder: Path, offset: int | None = None) -> None:
        self.offset = claim_offset(CATALOGUE.services) if offset is None else offset
        self.home = Home(folder)
        self._environ = {name: value for name, value in os.environ.items() if not name.startswith("NEXUS_")}
        self._environ |= {"NEXUS_DATA_DIR": str(folder), "PYTHONPATH": str(CHECKOUT)}

    @property
    def state(self) -> RunState:
        """What runs, as the supervisor has written it down."""
        state = self.home.running()
        assert state is not None
        return state

    def nexus(self, *arguments: str, environ: Mapping[str, str] | None = None) -> Said:
        """Call `nexus`, and wait for its end."""
        done = subprocess.run(
            [sys.executable, "-P", "-m", "nexus_actors.cli", *arguments],
            env={**self._environ, **(environ or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_WITHIN_S,
            check=False,
        )
        return Said(done.returncode, done.stdout.decode())

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Call `nexus`, and let it run. Its output is a pipe."""
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "nexus_actors.cli", *arguments],
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def get(self, service: str, path: str) -> Any:
        """Read from a service as the command line's own account."""
        return self._send(service, path, f"Bearer {self._token()}")

    def post(self, service: str, path: str) -> Any:
        """Have a service do something, as the command line's own account."""
        return self._send(service, path, f"Bearer {self._token()}", b"")

    @property
    def credentials(self) -> Credentials:
        """What the command line logs in with."""
        credentials = load_credentials(self.home.credentials)
        assert credentials is not None
        return credentials

    def _token(self) -> str:
        pair = b64encode(f"{self.credentials.client_id}:{self.credentials.client_secret}".encode()).decode()
        form = urlencode({"grant_type": "client_credentials"}).encode()
        return str(self._send(self.credentials.issuer, "/oauth2/token", f"Basic {pair}", form)["access_token"])

    def _send(self, service: str, path: str, authorization: str, form: bytes | None = None) -> Any:
        url = f"http://127.0.0.1:{CATALOGUE.named(service).port + self.offset}{path}"
        with urlopen(Request(url, data=form, headers={"Authorization": authorization})) as answer:
            return msgspec.json.decode(answer.read())

    def up(self, *arguments: str) -> Said:
        """Start the platform, detached."""
        return self.nexus("up", "--detach", "--port-offset", str(self.offset), *arguments)
