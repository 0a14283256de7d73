"""All faults mixed, under load, for some minutes: `python -m tests.faults.soak --minutes N`, or `nexus soak`."""

import argparse
import random
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

import anyio

from tests.faults import network_faults, server_faults, worker_faults
from tests.faults.checker import Verdict
from tests.faults.recovery import Mark
from tests.faults.servers import open_servers
from tests.faults.stage import Stage, open_stage

Fault = Callable[[Stage], Awaitable[Mark]]

FAULTS: Final[tuple[Fault, ...]] = (
    worker_faults.kill_worker,
    worker_faults.freeze_worker,
    worker_faults.roll,
    worker_faults.jump_clock,
    worker_faults.poison,
    worker_faults.slow_reader,
    server_faults.kill_redis,
    server_faults.fill_redis,
    server_faults.restart_postgres,
    server_faults.kill_postgres,
    server_faults.break_commit_before,
    server_faults.break_commit_after,
    server_faults.break_commit_late,
    server_faults.cut_power,
    network_faults.drop_replies,
    network_faults.half_close,
    network_faults.delay_replies,
    network_faults.partition,
    network_faults.cut_off,
)
_CALM_S: Final = 3.0
_FLOWS_S: Final = 60.0
_SETTLE_S: Final = 120.0
_PAUSE_S: Final = 0.1


async def soak(minutes: float, seed: int, folder: Path) -> bool:
    """Run, print, and say whether nothing was lost, doubled or out of order."""
    chance = random.Random(seed)  # noqa: S311 - guards nothing
    async with (
        open_servers(folder / "servers") as servers,
        open_stage(servers, folder, workers=2, seed=seed, pause_s=_PAUSE_S) as stage,
    ):
        end = anyio.current_time() + minutes * 60
        while anyio.current_time() < end:
            for fault in chance.sample(FAULTS, len(FAULTS)):
                if anyio.current_time() >= end:
                    break
                mark = await fault(stage)
                recovered = await stage.flows(mark, _FLOWS_S)
                _say(f"{mark.fault:<26} flows again after {recovered.all_s:.2f} s")
                await anyio.sleep(chance.uniform(0, _CALM_S))
        _say("checking")
        verdict = await stage.verdict(_SETTLE_S)
        _report(verdict, stage.recovery.table(stage.load.accounts))
        return verdict.clean


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _report(verdict: Verdict, faults: Mapping[str, tuple[int, float | None, float | None]]) -> None:
    _say(f"\n{'fault':<26} {'times':>5} {'first answer, s':>16} {'all accounts, s':>16}")
    for fault, (times, first_s, all_s) in faults.items():
        if fault != "start":
            _say(f"{fault:<26} {times:>5} {_seconds(first_s):>16} {_seconds(all_s):>16}")
    _say("(first answer: the median; all accounts: the longest)\n")
    for name in verdict.__struct_fields__[:-1]:
        _say(f"{name.replace('disordered', 'out of order'):<14} {getattr(verdict, name):>9}")
    for problem in verdict.problems:
        _say(f"  {problem}")


def _seconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.2f}"


def main() -> None:
    """Read the arguments, run, and end with 0 only where nothing is wrong."""
    parser = argparse.ArgumentParser(prog="nexus soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=None)
    arguments = parser.parse_args()
    seed = random.SystemRandom().randrange(1 << 32) if arguments.seed is None else arguments.seed
    _say(f"seed {seed}")
    with tempfile.TemporaryDirectory(prefix="nexus-soak-", ignore_cleanup_errors=True) as folder:
        clean = anyio.run(soak, arguments.minutes, seed, Path(folder), backend_options={"use_uvloop": True})
    sys.exit(0 if clean else 1)


if __name__ == "__main__":
    main()
