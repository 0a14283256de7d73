"""What must be proved beside what is: each feature with its tests, and what is amiss."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from tests.features.proofs import proofs
from tests.features.required import FILE, Named, required


class Coverage(Struct, frozen=True):
    """Features and their tests.

    Attributes:
        titles: of all that must be proved.
        tests: the tests that prove each.
    """

    titles: Mapping[Named, str]
    tests: Mapping[Named, Sequence[str]]

    @classmethod
    def of(cls, tests: Path, service: str | None = None) -> "Coverage":
        """What there is in a folder of tests, of one service or of all.

        Raises:
            FeatureError: see `required` and `proofs`.
        """
        titles, found = required(tests), proofs(tests)
        wanted = {feature for feature in {*titles, *found} if service in {None, feature.service}}
        return cls(
            {feature: title for feature, title in titles.items() if feature in wanted},
            {feature: names for feature, names in found.items() if feature in wanted},
        )

    @property
    def faults(self) -> list[str]:
        """What has no test, and what tests prove that nobody has asked for, in words."""
        unproved = [
            f'{service} {number} ({title}) has no test. Mark one: @pytest.mark.proves("{service}", "{number}").'
            for (service, number), title in self.titles.items()
            if (service, number) not in self.tests
        ]
        unasked = [
            f"{name} proves {service} {number}, which no {FILE} names."
            for (service, number), names in self.tests.items()
            if (service, number) not in self.titles
            for name in names
        ]
        return unproved + unasked
