"""Replay one seed: ``python -m tests.simulation SEED [cuts]`` prints what happened, line by line, and what was broken."""

import sys

from tests.simulation.simulation import simulate

seed = int(sys.argv[1])
outcome = simulate(seed, cuts="cuts" in sys.argv[2:])
sys.stdout.write("\n".join([*outcome.trace, "", *outcome.violations, f"seed {seed}, trace {outcome.digest}", ""]))
sys.exit(bool(outcome.violations))
