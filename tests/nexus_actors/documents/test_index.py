from msgspec.structs import replace

from bus import Command
from nexus_actors.documents.index import index_page
from nexus_actors.documents.interface import interface_of
from nexus_actors.security.contract import TokensRevoked
from tests.nexus_actors.documents import orchard


def test_a_row_for_each_message_and_route() -> None:
    page = index_page("1.2.3", [interface_of(orchard.service(), orchard)])
    lines = page.splitlines()
    assert "release 1.2.3" in page
    assert "Orchard MS, Infrastructure; port 7001, 4 partitions." in page
    meaning = "Plant a tree. What stands there already stays."
    assert f"| `nexus.orchard-ms.plant_tree.v1` | `tree_id` | `orchard:write` | `Tree` | {meaning} |" in lines
    assert "| `nexus.orchard-ms.prune_tree.v1` | `tree_id` |  |  | Cut what is too long. |" in lines
    assert "| `nexus.orchard-ms.fruit_picked.v3` | `tree_id` |  | Fruit left the tree. |" in lines
    assert "| `POST /v1/trees` | `orchard:write` | Plant a tree &#124; or two. |" in lines
    assert "| `GET /v1/trees/{tree_id}` | public | Show a tree. |" in lines


def test_events_name_who_follows_them() -> None:
    interface = interface_of(orchard.service(), orchard)
    weather = replace(
        interface,
        entry=replace(interface.entry, name="weather-ms"),
        topic=orchard.WEATHER,
        commands=(),
        events=(orchard.FrostCame, TokensRevoked),
        followed={},
        routes=(),
    )
    lines = index_page("1", [interface, weather]).splitlines()
    assert "| `nexus.weather-ms.frost_came.v1` | `place` | orchard-ms | It froze. |" in lines
    assert any(line.startswith("| `nexus.auth-ms.tokens_revoked.v1` | `value` | every process |") for line in lines)
    assert any("one partition." in line for line in lines)


def test_an_answer_of_several_types_names_them_all() -> None:
    class FindTree(Command[orchard.Tree | orchard.Spot | None], topic=orchard.ORCHARD, key="tree_id"):
        """Find a tree."""

        tree_id: str

    interface = replace(interface_of(orchard.service(), orchard), commands=(FindTree,))
    assert "| `Tree` or `Spot` or nothing | Find a tree. |" in index_page("1", [interface])
