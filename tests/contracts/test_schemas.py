"""The contracts of today read what was written under those of the snapshot. ./nexus docs --accept-schemas takes it anew."""

from pathlib import Path

import pytest

from nexus_actors.compatibility.changes import HOW_TO_PROCEED, all_changes
from nexus_actors.compatibility.folder import read_snapshots
from nexus_actors.compatibility.snapshot import Snapshot, snapshots_of
from nexus_actors.documents.interface import Interface, interfaces_of
from nexus_actors.documents.shelf import all_documents, drift
from nexus_actors.platform.loading import load_catalogue, load_service
from nexus_actors.service import platform_version

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def interfaces() -> list[Interface]:
    return interfaces_of(load_catalogue())


@pytest.fixture(scope="module")
def accepted() -> dict[str, Snapshot]:
    return read_snapshots(Path(__file__).parent / "accepted")


def test_nothing_breaks_what_was_written_before(accepted: dict[str, Snapshot], interfaces: list[Interface]) -> None:
    found = all_changes(accepted, snapshots_of(interfaces))
    breaking = [change.words for change in found if change.deploy == "breaking"]
    assert not breaking, "\n".join(["These changes break contracts:", *breaking, "", HOW_TO_PROCEED])


def test_the_snapshots_know_every_contract(accepted: dict[str, Snapshot], interfaces: list[Interface]) -> None:
    assert accepted == snapshots_of(interfaces), "Contracts have grown. Guard what is new: ./nexus docs --accept-schemas"


def test_the_documents_are_those_of_the_code(interfaces: list[Interface]) -> None:
    found = drift(CHECKOUT / "docs" / "api", all_documents(interfaces, platform_version()))
    assert not found, "Documents in docs/api are not those of the code. Run ./nexus docs:\n" + "\n".join(found)


def test_every_message_says_what_it_means(interfaces: list[Interface]) -> None:
    kinds = [kind for interface in interfaces for kind in (*interface.commands, *interface.events)]
    assert [kind.wire_type() for kind in kinds if not vars(kind).get("__doc__")] == []


def test_every_command_has_a_handler(interfaces: list[Interface]) -> None:
    unheard = [
        kind.wire_type()
        for interface in interfaces
        for kind in interface.commands
        if not load_service(interface.entry).handlers(kind)
    ]
    assert not unheard, "Nobody would answer these commands; handle them, or take them out of the contract."


def test_every_followed_event_is_published_by_its_service(interfaces: list[Interface]) -> None:
    published = {kind for interface in interfaces for kind in interface.events}
    followed = {kind for interface in interfaces for kind in interface.followed}
    assert sorted(kind.wire_type() for kind in followed - published) == [], "Their services do not declare these events."
