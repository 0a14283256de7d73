import re
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]


def test_the_files_that_the_way_of_a_message_goes_through_are_there() -> None:
    text = (CHECKOUT / "docs/runtime.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\b(?:bus|nexus_actors)/[a-z_/]+(?:\.py|\.lua)?", text))
    assert len(named) > 20
    assert not [name for name in named if not (CHECKOUT / name).exists()]
