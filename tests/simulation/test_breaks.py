"""The simulation notices when a mechanism is missing: else its silence would mean nothing."""

from itertools import chain

import pytest

from tests.simulation.breaks import BREAKS
from tests.simulation.simulation import simulate

_SEEDS = 400
_NOTICED = {"no fences": (142, 154, 187, 255)}
"""Seeds that noticed it once, tried first, for few do. Later changes of the simulation may make other runs of them."""


@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("name", BREAKS)
def test_a_break_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    BREAKS[name](monkeypatch)
    tried = chain(_NOTICED.get(name, ()), range(_SEEDS))
    assert any(simulate(seed).violations for seed in tried), f"{name}: {_SEEDS} seeds noticed nothing."
