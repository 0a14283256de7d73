"""All mutations."""

from typing import Final

from tests.mutations import declarations, edge, flow, jobs, servers, troubles, turns, values

MUTATIONS: Final = (
    *declarations.MUTATIONS,
    *turns.MUTATIONS,
    *flow.MUTATIONS,
    *jobs.MUTATIONS,
    *edge.MUTATIONS,
    *servers.MUTATIONS,
    *troubles.MUTATIONS,
    *values.MUTATIONS,
)
