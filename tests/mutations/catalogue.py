"""All mutations."""

from typing import Final

from tests.mutations import declarations, edge, flow, jobs, turns

MUTATIONS: Final = (*turns.MUTATIONS, *flow.MUTATIONS, *jobs.MUTATIONS, *edge.MUTATIONS, *declarations.MUTATIONS)
