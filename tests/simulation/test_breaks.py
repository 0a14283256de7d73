"""The simulation notices when a mechanism is missing: else its silence would mean nothing."""

import pytest

from tests.simulation.breaks import BREAKS
from tests.simulation.simulation import simulate

_SEEDS = 200


@pytest.mark.parametrize("name", BREAKS)
def test_a_break_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    BREAKS[name](monkeypatch)
    assert any(simulate(seed).violations for seed in range(_SEEDS)), f"{name}: {_SEEDS} seeds noticed nothing."
