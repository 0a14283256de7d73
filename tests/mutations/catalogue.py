"""All mutations."""

from typing import Final

from tests.mutations import edge, flow, jobs, troubles, turns

MUTATIONS: Final = (*turns.MUTATIONS, *flow.MUTATIONS, *jobs.MUTATIONS, *edge.MUTATIONS, *troubles.MUTATIONS)
