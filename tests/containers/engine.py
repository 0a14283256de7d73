"""A container engine of our own: its data, its socket and its end belong to the test."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

PROGRAMS: Final = ("dockerd", "docker", "debootstrap", "iptables")
PACKAGES: Final = ("docker.io", "docker-compose", "debootstrap", "iptables")
_STARTS_WITHIN_S: Final = 60
_STOPS_WITHIN_S: Final = 60


class CannotContain(Exception):
    """Raised when no engine can be had here; the message says why and what to do."""


def provide_programs() -> None:
    """Install Debian's packages where programs are missing.

    Raises:
        CannotContain: they are missing and cannot be installed.
    """
    if os.geteuid() != 0:
        raise CannotContain("The engine and debootstrap need root. Run this as root, in a machine to be thrown away.")
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if not missing and compose_command() is not None:
        return
    if shutil.which("apt-get") is None:
        raise CannotContain(f"Missing are: {', '.join(missing) or 'compose'}. Install {', '.join(PACKAGES)} by hand.")
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in (["update"], ["install", "--yes", "--no-install-recommends", *PACKAGES]):
        done = subprocess.run(["apt-get", *step], env=environ, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise CannotContain(f"apt-get {step[0]} failed:\n{done.stderr[-2000:]}")


def compose_command() -> Sequence[str] | None:
    """How compose is called here: the plugin where it is there, else the program; None where there is neither."""
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]) is None:
            continue
        if subprocess.run([*command, "version"], capture_output=True, check=False).returncode == 0:
            return command
    return None


class Engine:
    """The engine, in a folder.

    Attributes:
        environ: the variables with which programs reach it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._log = folder / "dockerd.log"
        self._process: subprocess.Popen[bytes] | None = None
        socket = f"unix://{folder / 'docker.sock'}"
        self.environ: Mapping[str, str] = {**os.environ, "DOCKER_HOST": socket, "DOCKER_BUILDKIT": "0"}

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [
            "dockerd",
            f"--data-root={self._folder / 'data'}",
            f"--exec-root={self._folder / 'run'}",
            f"--pidfile={self._folder / 'dockerd.pid'}",
            f"--host={self.environ['DOCKER_HOST']}",
            "--bridge=none",  # another engine of this machine may have the default bridge
        ]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + _STARTS_WITHIN_S
        while subprocess.run(["docker", "info"], env=self.environ, capture_output=True, check=False).returncode != 0:
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise CannotContain(f"dockerd does not start:\n{self._log.read_text()[-3000:]}")

    def stop(self) -> None:
        """End it, and all of its containers with it."""
        if self._process is None:
            return
        if self._process.poll() is None:
            names = self.docker("ps", "--all", "--quiet").split()
            if names:
                self.docker("rm", "--force", "--volumes", *names)
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_STOPS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._unmount()

    def _unmount(self) -> None:
        """dockerd leaves the network namespace mounted that containers of the host's network had."""
        points = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
        for point in reversed([point for point in points if point.startswith(f"{self._folder}/")]):
            subprocess.run(["umount", "--lazy", point], check=False)

    def docker(self, *arguments: str, within_s: float = 600) -> str:
        """Call `docker`; its output.

        Raises:
            AssertionError: it failed.
        """
        return said(["docker", *arguments], self.environ, within_s)


def said(command: Sequence[str], environ: Mapping[str, str], within_s: float = 600) -> str:
    """The output of a command that must not fail.

    Raises:
        AssertionError: it failed; the message has what it said.
    """
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=within_s, check=False)
    assert done.returncode == 0, f"{' '.join(command[:6])} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout
