"""Breaks of how values and texts are checked before they are kept, and of what a turn may send to its database."""

from typing import Final

from tests.mutations.mutation import Mutation

_CHECKED: Final = "what a turn leaves behind can be read"
_BOUNDED: Final = "what a turn leaves behind is bounded"
_TEXTS: Final = "any text of an error can be kept"
_OWN: Final = "a handler's SQL stays within its turn"

_TRIPS: Final = "tests/bus/test_round_trip.py"
_VALUES: Final = "tests/nexus_actors/runtime/test_values.py"
_PARKED: Final = f"{_VALUES}::test_a_turn_that_leaves_what_cannot_be_is_parked_with_its_cause_and_nobody_else"
_SAVEPOINTS: Final = "tests/nexus_actors/postgres/test_savepoints.py"

MUTATIONS: Final = (
    Mutation(
        _CHECKED,
        "messages are not read back",
        "bus/round_trip.py",
        "read = self._decode(body)",
        "read = value",
        (f"{_TRIPS}::test_a_message_that_nobody_could_read_is_not_sealed",),
    ),
    Mutation(
        _CHECKED,
        "numbers that JSON does not have become nothing",
        "bus/round_trip.py",
        "if self._may_lose and",
        "if False and",
        (f"{_PARKED}[an event with NaN]",),
    ),
    Mutation(
        _CHECKED,
        "a timer may be due at what is no instant",
        "nexus_actors/context.py",
        "if at.utcoffset() is None:",
        "if at is None:",
        (f"{_PARKED}[a timer without a time zone]",),
    ),
    Mutation(
        _CHECKED,
        "asyncpg guesses the zone of an instant",
        "nexus_actors/postgres/arguments.py",
        "argument.tzinfo is None:",
        "argument is None:",
        (f"{_SAVEPOINTS}::test_an_instant_without_a_time_zone_is_refused_where_it_is_written",),
    ),
    Mutation(
        _BOUNDED,
        "messages are as long as they like",
        "bus/round_trip.py",
        "if len(body) <= self._longest:",
        "if len(body) >= 0:",
        (f"{_TRIPS}::test_a_message_of_more_than_a_mebibyte_is_refused",),
    ),
    Mutation(
        _BOUNDED,
        "effects are not counted",
        "nexus_actors/context.py",
        "        self._count += 1\n",
        "",
        (f"{_VALUES}::test_a_turn_has_so_many_effects_and_no_more[MOST_EFFECTS-5]",),
    ),
    Mutation(
        _BOUNDED,
        "a result that is too large is tried again",
        "nexus_actors/jobs/child.py",
        "LONGEST_ERROR), final=True)",
        "LONGEST_ERROR))",
        ("tests/nexus_actors/jobs/test_failures.py::test_a_result_that_is_too_large_fails_the_job_at_once_and_says_so",),
    ),
    Mutation(
        _TEXTS,
        "half surrogate pairs stay",
        "bus/text.py",
        'clean = clean.encode(errors="backslashreplace").decode()',
        "clean = str(clean)",
        ("tests/bus/test_text.py::test_what_cannot_be_kept_is_spelled_out_and_what_is_long_is_cut",),
    ),
    Mutation(
        _TEXTS,
        "all of a chain of thousands is told",
        "nexus_actors/failures/cause.py",
        "if len(seen) > MOST_ERRORS:",
        "if len(seen) > 1_000_000:",
        ("tests/nexus_actors/failures/test_cause.py::test_of_a_chain_of_thousands_the_first_and_the_last_are_told",),
    ),
    Mutation(
        _OWN,
        "a handler may commit",
        "nexus_actors/postgres/database.py",
        "        check_statement(query)\n",
        "",
        (f"{_SAVEPOINTS}::test_a_statement_that_is_the_runtimes_is_not_sent",),
    ),
    Mutation(
        _OWN,
        "a savepoint is left as it is after an error",
        "nexus_actors/postgres/database.py",
        "            await self._go_back(name)\n",
        "",
        (f"{_SAVEPOINTS}::test_a_statement_that_fails_in_a_savepoint_can_be_caught",),
    ),
    Mutation(
        _OWN,
        "what a savepoint has undone counts as written",
        "nexus_actors/postgres/database.py",
        "            self._writes = writes\n",
        "",
        (f"{_SAVEPOINTS}::test_what_a_savepoint_undoes_does_not_count_as_written",),
    ),
)
