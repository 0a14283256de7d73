"""Changes that expect a version."""

import pytest

from bus import Refusal
from modules.puabo_nexus.fleet.domain.version import check_version


@pytest.mark.parametrize("expected", [None, 3])
def test_the_version_that_is_there_or_none_lets_a_change_through(expected: int | None) -> None:
    check_version("vehicle", 3, expected)


@pytest.mark.parametrize("expected", [1, 2, 4])
def test_another_version_is_refused(expected: int) -> None:
    with pytest.raises(Refusal, match="at version 3, not") as caught:
        check_version("vehicle", 3, expected)

    assert caught.value.kind == "precondition"
