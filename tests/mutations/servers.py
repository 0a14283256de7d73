"""Breaks of what holds with servers of other people: poolers, standbys, certificates."""

from typing import Final

from tests.mutations.mutation import Mutation

_SESSIONS: Final = "a session is ours alone and set up as ours"
_PRIMARY: Final = "work goes on at whichever server is the primary"
_TRUST: Final = "what is not trusted or cannot be meant is refused at the start"

_POOLERS: Final = "tests/servers/test_poolers.py"
_PLACES: Final = "tests/nexus_actors/postgres/test_primary.py"

MUTATIONS: Final = (
    Mutation(
        _SESSIONS,
        "a pooler by transactions is taken for one by sessions",
        "nexus_actors/postgres/pooler.py",
        "return bool(before == after != elsewhere)",
        "return bool(before and after and elsewhere)",
        (f"{_POOLERS}::test_a_pooler_that_lends_less_than_a_session_is_refused",),
    ),
    Mutation(
        _SESSIONS,
        "a session behind a pooler is not set up",
        "nexus_actors/postgres/pool.py",
        "            await put_session(connection, settings)",
        "            settings.copy()",
        (f"{_POOLERS}::test_sessions_behind_a_pooler_are_set_up_as_ours_are",),
    ),
    Mutation(
        _SESSIONS,
        "migrations leave a session behind a pooler without its settings",
        "nexus_actors/postgres/migrations.py",
        "            await put_session(connection, session)",
        "            session.clear()",
        (f"{_POOLERS}::test_a_session_behind_a_pooler_is_ours_again_after_migrations",),
    ),
    Mutation(
        _PRIMARY,
        "a standby is taken for a primary",
        "nexus_actors/postgres/primary.py",
        "target_session_attrs=SessionAttribute.primary",
        "target_session_attrs=SessionAttribute.any",
        ("tests/servers/test_fail_over.py::test_a_standby_alone_is_waited_for_until_it_is_promoted",),
    ),
    Mutation(
        _PRIMARY,
        "a server that is gone is asked first every time",
        "nexus_actors/postgres/primary.py",
        "self._places.insert(0, place)",
        "self._places.append(place)",
        (f"{_PLACES}::test_the_server_that_answered_is_asked_first_from_then_on",),
    ),
    Mutation(
        _PRIMARY,
        "one server uses up the time of all",
        "nexus_actors/postgres/primary.py",
        "timeout=timeout / len(self._places)",
        "timeout=timeout",
        (f"{_PLACES}::test_all_servers_together_have_the_time_of_one",),
    ),
    Mutation(
        _TRUST,
        "files of certificates are not read at the start",
        "bus/redis/connection.py",
        "    check_certificates(address.url, REDIS_FILES)\n",
        "",
        ("tests/bus/test_connection.py",),
    ),
    Mutation(
        _TRUST,
        "options of TLS are not looked at at the start",
        "bus/redis/connection.py",
        "    pools.check()\n",
        "",
        ("tests/bus/test_connection.py",),
    ),
)
