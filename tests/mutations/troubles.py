"""Breaks of what keeps the troubles of servers from being taken for those of messages."""

from typing import Final

from tests.mutations.mutation import Mutation

_BLAMELESS: Final = "what the database suffers counts against no message"
_OTHERS: Final = "a lock holds back those who need it alone"
_WAITS: Final = "no task ends its worker for a dependency"
_GIVES_UP: Final = "who does not reach the streams gives its partitions up"
_KEEPS: Final = "a Redis that loses messages is found"

_TROUBLES: Final = "tests/nexus_actors/runtime/test_troubles.py"
_SQL: Final = "tests/nexus_actors/postgres/test_troubles.py"
_CUT: Final = "tests/nexus_actors/runtime/test_cut_off.py"

MUTATIONS: Final = (
    Mutation(
        _BLAMELESS,
        "a trouble of the server is a strike",
        "nexus_actors/runtime/loop.py",
        "        except DatabaseTroubled:\n            raise\n",
        "",
        (f"{_TROUBLES}::test_a_trouble_that_lasts_parks_nothing",),
    ),
    Mutation(
        _BLAMELESS,
        "a commit that has to wait is its turn's fault",
        "nexus_actors/runtime/batch.py",
        "Fault(error, waits=busy)",
        "Fault(error)",
        (f"{_TROUBLES}::test_a_trouble_that_lasts_parks_nothing",),
    ),
    Mutation(
        _BLAMELESS,
        "a session that was made read-only is kept",
        "nexus_actors/postgres/lost.py",
        "                connection.terminate()\n",
        "                connection.is_closed()\n",
        (f"{_SQL}::test_a_database_that_is_read_only_is_in_trouble_until_it_is_not",),
    ),
    Mutation(
        _OTHERS,
        "whoever accuses the server is believed",
        "nexus_actors/postgres/confirmation.py",
        "    return False\n",
        "    return True\n",
        (f"{_TROUBLES}::test_a_trouble_that_a_turn_makes_itself_stops_its_own_key_alone",),
    ),
    Mutation(
        _OTHERS,
        "damage is waited for for ever",
        "nexus_actors/runtime/parking.py",
        "else BUSY_WAIT",
        "else timedelta.max",
        (f"{_TROUBLES}::test_damage_holds_back_who_needs_it_alone_and_parks_it_in_the_end",),
    ),
    Mutation(
        _OTHERS,
        "the runtime is as impatient as turns",
        "nexus_actors/postgres/turn_store.py",
        "self._own_patience if own else self._patience",
        "self._patience",
        (f"{_TROUBLES}::test_the_runtime_has_a_patience_of_its_own",),
    ),
    Mutation(
        _OTHERS,
        "locked dead letters make the whole service wait",
        "nexus_actors/runtime/parking.py",
        "            self._wait(partition, group, Fault(busy, waits=True))\n            return False\n",
        "            raise\n",
        (f"{_TROUBLES}::test_locked_dead_letters_make_the_keys_that_belong_there_wait_and_nobody_else",),
    ),
    Mutation(
        _OTHERS,
        "all that has waited goes before what is new",
        "nexus_actors/runtime/partition.py",
        "if held.is_due(now)), most))",
        "if held.is_due(now)), None))",
        (f"{_TROUBLES}::test_hundreds_of_keys_that_have_waited_do_not_go_before_what_is_new_and_keep_their_order",),
    ),
    Mutation(
        _OTHERS,
        "everybody waits for a lock as long as the first",
        "nexus_actors/postgres/patience.py",
        "return _BEGIN_SHORT if self.is_short else _BEGIN",
        "return _BEGIN",
        (f"{_SQL}::test_a_lock_of_another_makes_a_statement_wait",),
    ),
    Mutation(
        _OTHERS,
        "a statement that has to wait makes the whole service wait",
        "nexus_actors/runtime/batch.py",
        "if lost is not None and not isinstance(lost, DatabaseBusy):",
        "if lost is not None:",
        (f"{_TROUBLES}::test_a_locked_table_holds_back_those_who_need_it_and_nobody_else",),
    ),
    Mutation(
        _WAITS,
        "a task that lacks a dependency has broken",
        "nexus_actors/runtime/supervisor.py",
        "if is_dependency(error):",
        "if error is None:",
        (f"{_TROUBLES}::test_a_task_that_lacks_a_dependency_waits_and_does_not_end_the_process",),
    ),
    Mutation(
        _GIVES_UP,
        "a loop waits for the streams for ever",
        "nexus_actors/runtime/reach.py",
        "if now - self._since >= self._patience_s:",
        "if now < self._since:",
        (f"{_CUT}::test_a_worker_that_is_cut_off_gives_its_partitions_to_one_that_is_not",),
    ),
    Mutation(
        _GIVES_UP,
        "the outbox insists on publishing for ever",
        "nexus_actors/runtime/outbox.py",
        "self._reach.insist(forbidden)",
        "self._reach.missed()",
        (f"{_CUT}::test_a_worker_that_may_not_read_or_publish_is_cut_off_too",),
    ),
    Mutation(
        _GIVES_UP,
        "the others are not told",
        "nexus_actors/postgres/lease_store.py",
        "SET services = EXCLUDED.services, draining",
        "SET draining",
        ("tests/conformance/runtime/test_lease_store.py",),
    ),
    Mutation(
        "partitions stay where they are",
        "a topic with another number of partitions is taken",
        "nexus_actors/runtime/placement.py",
        "    if problems:",
        "    if not registered:",
        ("tests/nexus_actors/runtime/test_registration.py",),
    ),
    Mutation(
        _KEEPS,
        "eviction is no danger",
        "bus/redis/policies.py",
        "    if policy == _KEEPS:",
        "    if policy:",
        ("tests/bus/redis/test_permissions.py",),
    ),
)
