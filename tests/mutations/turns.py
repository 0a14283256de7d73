"""Breaks of how messages take effect: once, in the order of their keys, all or not at all."""

from typing import Final

from tests.mutations.mutation import Mutation

_ONCE: Final = "a message takes effect once"
_ORDER: Final = "messages of a key take effect in order"
_WHOLE: Final = "a turn takes effect as a whole"
_POISON: Final = "a poison message is kept and stops nobody else"
_TIMERS: Final = "a timer fires once"
_ROWS: Final = "what turns of several keys decide on the same rows is decided one after the other"

_TURNS: Final = "tests/nexus_actors/runtime/test_turns.py"
_PROMISES: Final = "tests/nexus_actors/runtime/test_promises.py"
_MEMORY: Final = "tests/nexus_actors/testing/test_memory_service.py"
_EFFECTS: Final = "tests/nexus_actors/runtime/test_effects.py"
_RINGS: Final = "tests/nexus_actors/runtime/test_timers.py"
_FAULTS: Final = "tests/nexus_actors/runtime/test_turn_faults.py"
_REFUSED: Final = f"{_FAULTS}::test_a_value_that_would_not_read_the_same_again_is_refused_when_it_is_saved"
_STATES: Final = "tests/nexus_actors/runtime/test_states.py"
_REDRIVING: Final = "tests/nexus_actors/runtime/test_redriving.py"
_FIRING: Final = "tests/nexus_actors/runtime/test_due_timers.py"
_SEEDED: Final = "tests/simulation/test_simulation.py::test_every_effect_happens_once_and_in_order"
_REPEAT: Final = f"{_MEMORY}::test_the_same_id_gets_the_first_answer"
_ENGAGED: Final = "tests/modules/puabo_nexus/fleet/actors/test_engagement.py"
_PARKED: Final = f"{_TURNS}::test_a_poison_message_is_parked_and_holds_back_its_own_key_alone"

MUTATIONS: Final = (
    Mutation(
        _ONCE,
        "the inbox is not asked",
        "nexus_actors/runtime/deduplicator.py",
        "known = await self._known(deliveries)",
        "known: dict[UUID, Known] = {}",
        (_REPEAT,),
    ),
    Mutation(
        _ONCE,
        "turns leave no inbox row",
        "nexus_actors/runtime/ledger.py",
        "commit.inbox += map(_inbox_row, result.group.deliveries, result.answers)",
        "commit.inbox += ()",
        (_REPEAT,),
    ),
    Mutation(
        _ONCE,
        "the inbox takes an id twice",
        "nexus_actors/postgres/runtime/0004_breaks_tenant_of_actors.sql",
        "SELECT * FROM unnest(p_inbox_ids, p_fingerprints, p_answers);",
        "SELECT * FROM unnest(p_inbox_ids, p_fingerprints, p_answers) ON CONFLICT DO NOTHING;",
        ("tests/conformance/runtime/test_turn_store.py::test_a_message_is_handled_once[postgres-False]",),
    ),
    Mutation(
        "an id stands for one request",
        "fingerprints are not compared",
        "nexus_actors/runtime/deduplicator.py",
        "if known.fingerprint != delivery.envelope.fingerprint:",
        "if known is None:",
        (f"{_PROMISES}::test_an_id_is_of_one_request_alone",),
    ),
    Mutation(
        "an id stands for one request",
        "the fingerprint leaves the body out",
        "nexus_actors/http/idempotency.py",
        "for part in (method.encode(), path.encode(), query.encode(), body):",
        "for part in (method.encode(), path.encode(), query.encode()):",
        ("tests/nexus_actors/http/test_idempotency.py::test_another_body_under_the_same_key_is_refused",),
    ),
    Mutation(
        _WHOLE,
        "a refusal keeps the changes of the state",
        "nexus_actors/runtime/turn.py",
        "                activation.restore()",
        "                activation.settle()",
        (f"{_PROMISES}::test_a_refusal_leaves_the_state_as_it_was",),
    ),
    Mutation(
        _WHOLE,
        "a refusal keeps the rows",
        "nexus_actors/runtime/turn.py",
        "result.refused_after_writing |= db.writes > writes_before",
        "result.refused_after_writing |= db.writes < writes_before",
        (f"{_EFFECTS}::test_a_refusal_after_writing_takes_its_rows_back_and_leaves_those_of_the_others",),
    ),
    Mutation(
        _ORDER,
        "a checkpoint passes entries that are not finished",
        "nexus_actors/runtime/partition.py",
        "return min(min(still_open).before(), self._read) if still_open else self._read",
        "return self._read",
        ("tests/nexus_actors/runtime/test_partition.py",),
    ),
    Mutation(
        "what was read is not lost",
        "messages are acknowledged when they are read",
        "nexus_actors/runtime/loop.py",
        "        partition.begin(entry.stream, entry.position)\n",
        "        partition.begin(entry.stream, entry.position)\n        partition.pass_over(entry.stream, entry.position)\n",
        (f"{_SEEDED}[0]",),
    ),
    Mutation(
        "what was read is not lost",
        "checkpoints are committed before the turns, by themselves",
        "nexus_actors/runtime/loop.py",
        "            ordinary = await self._set_aside(fresh)\n",
        "            ordinary = await self._set_aside(fresh)\n"
        "            for delivery in ordinary:\n"
        "                self.partitions[delivery.partition].finish(delivery)\n"
        "            await self._checkpoints.save([p for p in self.partitions.values() if p.dirty])\n",
        (f"{_SEEDED}[0]",),
    ),
    Mutation(
        _ORDER,
        "later messages pass a key that waits for its next attempt",
        "nexus_actors/runtime/loop.py",
        "elif delivery.identity in partition.held:",
        "elif delivery.identity in ():",
        (f"{_PROMISES}::test_what_comes_to_a_key_that_waits_for_its_next_attempt_waits_too",),
    ),
    Mutation(
        _ORDER,
        "later messages pass a key that is parked",
        "nexus_actors/runtime/loop.py",
        "elif delivery.identity in partition.parked_keys:",
        "elif delivery.identity in ():",
        (f"{_PROMISES}::test_what_comes_to_a_parked_key_waits_behind_also_at_the_next_owner",),
    ),
    Mutation(
        _ORDER,
        "parked keys are forgotten at a take-over",
        "nexus_actors/postgres/turn_store.py",
        'parked_keys={Identity(*key) for key in row["parked_keys"]}',
        "parked_keys=set()",
        (_PARKED,),
    ),
    Mutation(
        _POISON,
        "a poison message is dropped",
        "nexus_actors/runtime/ledger.py",
        "        commit.parked += rows\n",
        "        commit.parked += ()\n",
        (f"{_MEMORY}::test_a_fault_is_parked_with_its_cause",),
    ),
    Mutation(
        _ORDER,
        "what was released with a message that fails again stays released",
        "nexus_actors/postgres/turn_sql.py",
        "AND d.key = k.key AND d.released",
        "AND d.key = k.key AND NOT d.released",
        (
            "tests/conformance/runtime/test_turn_store.py::test_letters_that_were_released_with_one_that_fails_again_wait_behind_it_in_their_places[postgres]",
        ),
    ),
    Mutation(
        _ORDER,
        "a message that fails again goes to the end of its key",
        "nexus_actors/runtime/ledger.py",
        "        commit.parked += rows\n",
        "        commit.parked += rows\n        commit.unparked += [row.message_id for row in rows]\n",
        (f"{_REDRIVING}::test_a_loss_while_letters_that_wait_again_are_parked_one_by_one_changes_no_place",),
    ),
    Mutation(
        _POISON,
        "attempts have no limit",
        "nexus_actors/retry.py",
        "if failures >= self.max_attempts:",
        "if failures < 0:",
        ("tests/nexus_actors/test_retry.py",),
    ),
    Mutation(
        _POISON,
        "the first message of a batch is blamed for the fault of a later one of its key",
        "nexus_actors/runtime/batch.py",
        "        if is_sure and len(group.deliveries) == 1:",
        "        if group.deliveries:",
        (f"{_PROMISES}::test_a_fault_in_a_batch_is_blamed_on_its_own_message",),
    ),
    Mutation(
        _POISON,
        "what a turn leaves is not read back before it is committed",
        "bus/round_trip.py",
        "read = self._decode(body)",
        "read = value",
        (f"{_REFUSED}[shelves--1]",),
    ),
    Mutation(
        _POISON,
        "a NaN becomes nothing where nothing may be",
        "bus/round_trip.py",
        "self._may_lose = takes_null_for_number(value_type)",
        "self._may_lose = False",
        (f"{_REFUSED}[perhaps-nan]",),
    ),
    Mutation(
        _POISON,
        "what ends tasks and processes is let through",
        "nexus_actors/failures/blame.py",
        "if _is_interrupt(error) or (",
        "if error is not None or (",
        ("tests/nexus_actors/failures/test_blame.py::test_what_ends_tasks_and_processes_is_blamed_on_who_raised_it",),
    ),
    Mutation(
        _POISON,
        "a handler may end the task of all turns",
        "nexus_actors/runtime/turn.py",
        "            if self._task.cancelling() > before:",
        "            if before < 0:",
        ("tests/nexus_actors/runtime/test_turn_faults.py::test_a_handler_that_cancels_its_task_is_parked_and_stops_no_other",),
    ),
    Mutation(
        _POISON,
        "a real cancellation is taken for a fault",
        "nexus_actors/failures/blame.py",
        "return task is None or task.cancelling() > 0",
        "return task is None",
        ("tests/nexus_actors/failures/test_blame.py::test_a_task_that_is_being_cancelled_ends",),
    ),
    Mutation(
        _POISON,
        "an actor is kept as a failed turn has left it",
        "nexus_actors/runtime/batch.py",
        "            self._activations.drop_identity(group.identity)\n",
        "",
        (f"{_FAULTS}::test_a_turn_that_fails_anywhere_is_parked_and_its_batch_goes_on",),
    ),
    Mutation(
        _POISON,
        "a state that cannot be read breaks the batch",
        "nexus_actors/runtime/activations.py",
        "            self.problem = blamed(error)\n",
        "            raise blamed(error) from error\n",
        (f"{_STATES}::test_a_state_that_cannot_be_read_parks_its_key_at_once_and_stops_no_other",),
    ),
    Mutation(
        _POISON,
        "a state that cannot be read is tried again and again",
        "nexus_actors/runtime/turn.py",
        "final=newer or isinstance(activation.problem, StateUnreadable)",
        "final=newer",
        (f"{_STATES}::test_a_state_that_cannot_be_read_parks_its_key_at_once_and_stops_no_other",),
    ),
    Mutation(
        "an operator mends a state",
        "an actor that is alive does not see that its state was replaced",
        "nexus_actors/runtime/orders.py",
        "        self._activations.drop_identity(self._identity(command))\n",
        "",
        (f"{_STATES}::test_a_state_that_is_alive_is_replaced_too",),
    ),
    Mutation(
        _TIMERS,
        "a timer that has fired keeps its row",
        "nexus_actors/runtime/ledger.py",
        "        commit.timers_gone += _fired(deliveries)\n        commit.unparked",
        "        commit.unparked",
        (f"{_PROMISES}::test_a_timer_rings_once_and_leaves_no_row_behind",),
    ),
    Mutation(
        _TIMERS,
        "a new owner does not look for timers",
        "nexus_actors/postgres/turn_store.py",
        'next_timer_at=row["next_timer_at"]',
        "next_timer_at=None",
        (f"{_RINGS}::test_a_timer_rings_after_a_restart",),
    ),
    Mutation(
        _TIMERS,
        "a round looks at the earliest timers again, not behind them",
        "nexus_actors/runtime/decoder.py",
        "partition.timers_looked_at(found.place, next_at)",
        "partition.timers_looked_at(None, next_at)",
        (f"{_FIRING}::test_a_pass_over_the_due_timers_goes_on_where_it_stopped_and_then_begins_anew",),
    ),
    Mutation(
        _TIMERS,
        "a key takes the places of others with all its due timers",
        "nexus_actors/postgres/turn_sql.py",
        "SELECT DISTINCT ON (tenant, key) due_at, tenant, key, name FROM looked ORDER BY tenant, key, due_at, name",
        "SELECT due_at, tenant, key, name FROM looked ORDER BY due_at, tenant, key, name",
        ("tests/conformance/runtime/test_due_timers.py::test_of_each_key_the_earliest_due_timer_comes_but_for_keys_left_out",),
    ),
    Mutation(
        _TIMERS,
        "a timer that rang while its key was held back is forgotten when what held it is dropped",
        "nexus_actors/runtime/orders.py",
        "partition.let_go(identity)",
        "partition._held.pop(identity, ())",
        (f"{_REDRIVING}::test_a_timer_that_rang_while_its_key_was_held_back_rings_when_what_held_it_is_dropped",),
    ),
    Mutation(
        _ROWS,
        "a row is read and not locked",
        "nexus_actors/tables/table.py",
        "{self._one} FOR NO KEY UPDATE",
        "{self._one}",
        (
            f"{_ENGAGED}::test_assigning_and_retiring_at_once_end_one_way_or_the_other",
            f"{_ENGAGED}::test_the_last_end_and_a_new_assignment_at_once_leave_them_together_only_if_needed",
        ),
    ),
    Mutation(
        _ROWS,
        "a row is written over what somebody else wrote meanwhile",
        "nexus_actors/tables/table.py",
        "AND {self.key} = $2 AND version = $3",
        "AND {self.key} = $2 AND version >= $3",
        ("tests/nexus_actors/tables/test_table.py::test_a_value_with_a_computed_field_and_a_hidden_column",),
    ),
)
