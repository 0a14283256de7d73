"""Tests that need what is not there."""

import pytest

from tests.absence import leave_out


@pytest.mark.parametrize(("ci", "outcome"), [(None, pytest.skip.Exception), ("true", pytest.fail.Exception)])
def test_what_is_not_there_fails_where_all_is_to_be_run(
    monkeypatch: pytest.MonkeyPatch, ci: str | None, outcome: type[BaseException]
) -> None:
    monkeypatch.delenv("CI", raising=False)
    if ci is not None:
        monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match="There is no ip"):
        leave_out("There is no ip.")
