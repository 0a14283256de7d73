"""Breaks of what keeps tenants apart that use the same keys."""

from typing import Final

from tests.mutations.mutation import Mutation

_APART: Final = "tenants that use the same keys do not meet"
_ORDERS: Final = "an operator orders what is meant"

_TENANTS: Final = "tests/nexus_actors/runtime/test_tenants.py"
_STORES: Final = "tests/conformance/runtime/test_tenants.py"
_CARRIED: Final = "tests/nexus_actors/postgres/test_tenants_carried_over.py"
_SAME_IDS: Final = "tests/modules/tenants/test_same_ids.py"
_SQL: Final = "nexus_actors/postgres/turn_sql.py"

MUTATIONS: Final = (
    Mutation(
        _APART,
        "the tenant is no part of who an actor is",
        "nexus_actors/runtime/decoder.py",
        "return envelope.tenant or DEFAULT_TENANT",
        "return DEFAULT_TENANT",
        (f"{_TENANTS}::test_each_has_a_state_of_its_own",),
    ),
    Mutation(
        _APART,
        "an actor of the platform is one for each tenant",
        "nexus_actors/runtime/decoder.py",
        "if kind in self._platforms or not self._has_tenants:",
        "if not self._has_tenants:",
        (f"{_TENANTS}::test_an_actor_of_the_platform_is_one_for_all",),
    ),
    Mutation(
        _APART,
        "a state is read by actor and key alone",
        _SQL,
        "s.actor = wanted.actor AND s.tenant = wanted.tenant AND s.key = wanted.key OFFSET 0",
        "s.actor = wanted.actor AND s.key = wanted.key OFFSET 0",
        (f"{_STORES}::test_each_has_a_state_of_its_own[postgres]",),
    ),
    Mutation(
        _APART,
        "a timer is removed by key and name alone",
        _SQL,
        "WHERE t.tenant = gone.tenant AND t.key = gone.key",
        "WHERE t.key = gone.key",
        (f"{_STORES}::test_each_has_a_timer_of_a_name_of_its_own[postgres]",),
    ),
    Mutation(
        _APART,
        "a tenant's key is let go on with that of another",
        _SQL,
        "WHERE d.service = $1 AND d.partition = r.partition AND d.tenant = r.tenant AND d.key = r.key",
        "WHERE d.service = $1 AND d.partition = r.partition AND d.key = r.key",
        (f"{_STORES}::test_what_is_released_for_one_is_released_for_no_other_and_parked_again_for_itself[postgres]",),
    ),
    Mutation(
        _APART,
        "a job is cancelled by its key alone",
        "nexus_actors/postgres/job_sql.py",
        "ON j.job_id = w.job_id AND j.tenant = w.tenant AND j.key = w.key",
        "ON j.job_id = w.job_id AND j.key = w.key",
        (f"{_STORES}::test_one_cancels_no_job_of_another[postgres]",),
    ),
    Mutation(
        _APART,
        "a message may have handlers of both kinds",
        "nexus_actors/service.py",
        "        self._check_kinds(found)\n",
        "",
        (f"{_TENANTS}::test_a_message_is_handled_by_tenants_actors_or_by_the_platforms",),
    ),
    Mutation(
        _APART,
        "old states are all those of the default tenant",
        "nexus_actors/postgres/runtime/0004_breaks_tenant_of_actors.sql",
        "UPDATE states SET tenant = tenant_of(body);\n",
        "",
        (f"{_CARRIED}::test_old_rows_are_those_of_the_tenant_that_they_name_or_of_the_default_one",),
    ),
    Mutation(
        _APART,
        "tenants get keys of their own while workers of the release before are up",
        "nexus_actors/postgres/platform/0007_breaks_tenant_of_letters.sql",
        "    IF up > 0 THEN",
        "    IF false THEN",
        (f"{_CARRIED}::test_nothing_is_taken_while_workers_of_the_release_before_are_up",),
    ),
    Mutation(
        _APART,
        "the function that workers of the release before commit by stays",
        "nexus_actors/postgres/runtime/0004_breaks_tenant_of_actors.sql",
        "DROP FUNCTION commit_turns(\n    text, integer[],",
        "DROP FUNCTION IF EXISTS commit_turns(\n    integer[],",
        (f"{_CARRIED}::test_a_worker_of_the_release_before_that_was_frozen_meanwhile_wakes_up_and_changes_nothing",),
    ),
    Mutation(
        _APART,
        "a read of the tracker finds another tenant's positions",
        "modules/puabo_nexus/tracker/queries/positions.py",
        "SELECT {FIX_COLUMNS} FROM positions WHERE tenant = $1 AND",
        "SELECT {FIX_COLUMNS} FROM positions WHERE $1::text IS NOT NULL AND",
        (f"{_SAME_IDS}::test_each_sees_what_it_would_see_alone",),
    ),
    Mutation(
        _APART,
        "a vehicle of another tenant is taken off the map",
        "modules/puabo_nexus/location/actors/records.py",
        '"DELETE FROM live_positions WHERE tenant = $1 AND vehicle_id = $2"',
        "\"DELETE FROM live_positions WHERE $1::text <> '' AND vehicle_id = $2\"",
        (f"{_SAME_IDS}::test_each_sees_what_it_would_see_alone",),
    ),
    Mutation(
        _ORDERS,
        "a key goes on that is another tenant's",
        "nexus_actors/operations/dead_letters.py",
        "command = ReleaseKey(key=release.key or NO_KEY, tenant=release.tenant, drop=release.drop)",
        "command = ReleaseKey(key=release.key or NO_KEY, drop=release.drop)",
        ("tests/modules/puabo_os/test_tenants.py::test_a_key_goes_on_for_one_tenant_alone",),
    ),
    Mutation(
        _ORDERS,
        "a state is mended that is another tenant's",
        "nexus_actors/runtime/orders.py",
        "PLATFORM if platform else command.tenant or DEFAULT_TENANT",
        "PLATFORM if platform else DEFAULT_TENANT",
        (f"{_TENANTS}::test_orders_about_a_state_are_about_one_tenants",),
    ),
)
