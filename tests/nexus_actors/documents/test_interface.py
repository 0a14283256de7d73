from types import ModuleType

from nexus_actors.documents.interface import interface_of, messages_in
from tests.nexus_actors.documents import orchard
from tests.nexus_actors.documents.orchard import FrostCame, FruitPicked, PlantTree, PruneTree, TreeState


def test_an_interface_tells_what_a_service_takes_gives_and_remembers() -> None:
    found = interface_of(orchard.service(), orchard)
    assert found.name == "orchard-ms"
    assert found.commands == (PlantTree, PruneTree)
    assert found.events == (FruitPicked,), "an event of another topic is named in the module, and is none of its own"
    assert found.followed == {FrostCame: ("place", "tree_id")}
    assert found.states == {"TreeActor": TreeState}
    assert [route.label for route in found.routes] == ["POST /v1/trees", "GET /v1/trees/{tree_id}"]
    assert found.about.startswith("Trees are planted")
    assert not found.is_gateway


def test_a_service_without_a_contract_declares_nothing() -> None:
    found = interface_of(orchard.service(), None)
    assert (found.commands, found.events, found.about) == ((), (), "")


def test_messages_come_in_the_order_of_their_wire_types_and_without_the_base_classes() -> None:
    contract = ModuleType("contract")
    vars(contract).update({"PruneTree": PruneTree, "PlantTree": PlantTree, "Command": PlantTree.__mro__[1], "five": 5})
    assert messages_in(contract) == [PlantTree, PruneTree]
