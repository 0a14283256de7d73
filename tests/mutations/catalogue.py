"""All mutations."""

from typing import Final

from tests.mutations import declarations, edge, flow, jobs, releases, servers, tenants, troubles, turns, values

MUTATIONS: Final = (
    *declarations.MUTATIONS,
    *turns.MUTATIONS,
    *flow.MUTATIONS,
    *jobs.MUTATIONS,
    *releases.MUTATIONS,
    *edge.MUTATIONS,
    *servers.MUTATIONS,
    *tenants.MUTATIONS,
    *troubles.MUTATIONS,
    *values.MUTATIONS,
)
