"""All mutations."""

from typing import Final

from tests.mutations import edge, flow, jobs, turns, values

MUTATIONS: Final = (*turns.MUTATIONS, *flow.MUTATIONS, *jobs.MUTATIONS, *edge.MUTATIONS, *values.MUTATIONS)
