from pathlib import Path

import pytest

from tests.features import __main__ as command
from tests.features.coverage import Coverage
from tests.features.required import FeatureError, Named, required

TESTS = Path(__file__).resolve().parents[1]
WALLET = 'service = "wallet-ms"\n[features]\nW1 = "Postings balance"\nW3 = "Holds expire"\n'
PROOFS = """
import pytest

pytestmark = pytest.mark.proves("wallet-ms", "W1")

@pytest.mark.proves("wallet-ms", "W3")
async def test_expiry(): ...

class TestHolds:
    @pytest.mark.parametrize("days", [1, pytest.param(2, marks=pytest.mark.proves("wallet-ms", "W1", "W3"))])
    def test_days(self, days): ...
"""


def folder(tmp_path: Path, features: str = WALLET, proofs: str = PROOFS) -> Path:
    tests = tmp_path / "tests"
    (tests / "wallet").mkdir(parents=True)
    (tests / "wallet/features.toml").write_text(features)
    (tests / "wallet/test_wallet.py").write_text(proofs)
    return tests


def test_all_that_a_service_must_prove_is_proved() -> None:
    assert not Coverage.of(TESTS).faults


def test_marks_of_files_functions_and_cases_are_found(tmp_path: Path) -> None:
    coverage = Coverage.of(folder(tmp_path))
    file, case = "tests/wallet/test_wallet.py", "TestHolds::test_days"
    assert coverage.tests == {
        Named("wallet-ms", "W1"): [file, f"{file}::{case}"],
        Named("wallet-ms", "W3"): [f"{file}::test_expiry", f"{file}::{case}"],
    }
    assert not coverage.faults


def test_what_has_no_test_and_what_nobody_asks_for_are_told(tmp_path: Path) -> None:
    proofs = '@pytest.mark.proves("wallet-ms", "W2")\ndef test_it(): ...\n'
    faults = Coverage.of(folder(tmp_path, proofs=proofs)).faults
    assert [fault.partition(".")[0] for fault in faults[:2]] == [
        "wallet-ms W1 (Postings balance) has no test",
        "wallet-ms W3 (Holds expire) has no test",
    ]
    assert faults[2:] == ["tests/wallet/test_wallet.py::test_it proves wallet-ms W2, which no features.toml names."]


def test_one_service_is_looked_at_alone(tmp_path: Path) -> None:
    tests = folder(tmp_path, proofs="")
    assert not Coverage.of(tests, "tracker-ms").faults
    assert len(Coverage.of(tests, "wallet-ms").faults) == 2


@pytest.mark.parametrize(
    "mark", ["SERVICE, 'W1'", "'wallet-ms'", "'wallet-ms', *NUMBERS", "'wallet-ms', 1", "'wallet-ms', number='W1'"]
)
def test_marks_are_written_out(tmp_path: Path, mark: str) -> None:
    tests = folder(tmp_path, proofs=f"@pytest.mark.proves({mark})\ndef test_it(): ...\n")
    with pytest.raises(FeatureError, match=r"test_wallet\.py::test_it: write a mark out"):
        Coverage.of(tests)


def test_a_mark_on_what_is_no_test_is_refused(tmp_path: Path) -> None:
    tests = folder(tmp_path, proofs='@pytest.mark.proves("wallet-ms", "W1")\ndef helper(): ...\n')
    with pytest.raises(FeatureError, match="is no test"):
        Coverage.of(tests)


@pytest.mark.parametrize("text", ["service = 1", 'service = "a-ms"', WALLET + "W4 = 4\n", WALLET + 'W1 = "Twice"\n', "\xff"])
def test_a_file_of_another_form_is_refused(tmp_path: Path, text: str) -> None:
    tests = folder(tmp_path, proofs="")
    (tests / "wallet/features.toml").write_bytes(text.encode("latin-1"))
    with pytest.raises(FeatureError, match=r"features\.toml.*Write service ="):
        required(tests)


def test_two_files_of_one_service_are_refused(tmp_path: Path) -> None:
    tests = folder(tmp_path)
    (tests / "features.toml").write_text(WALLET)
    with pytest.raises(FeatureError, match="both of wallet-ms"):
        required(tests)


def test_the_table_is_printed_and_a_gap_ends_with_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    proofs = """
@pytest.mark.proves("wallet-ms", "W1")
def test_one(): ...
@pytest.mark.proves("wallet-ms", "W1")
def test_other(): ...
"""
    monkeypatch.setattr(command, "_TESTS", folder(tmp_path, proofs=proofs))
    with pytest.raises(SystemExit, match=r"wallet-ms W3 \(Holds expire\) has no test"):
        command.main(None)
    assert [line.split() for line in capsys.readouterr().out.splitlines()[1:]] == [
        ["wallet-ms", "W1", "Postings", "balance", "tests/wallet/test_wallet.py::test_one"],
        ["tests/wallet/test_wallet.py::test_other"],
        ["wallet-ms", "W3", "Holds", "expire", "-"],
    ]


def test_a_service_without_numbers_is_told_so(capsys: pytest.CaptureFixture[str]) -> None:
    command.main("no-such-ms")
    assert (
        capsys.readouterr().out == "no-such-ms has no features.toml beside its tests, so there is nothing to prove by number.\n"
    )
