"""Breaks of who owns what, and of what leaves through the streams and stays in them."""

from typing import Final

from tests.mutations.mutation import Mutation

_FENCED: Final = "an owner that stalled changes nothing"
_LEAVES: Final = "published events leave, also after a crash"
_LOST_TAIL: Final = "what Redis lost is published and read again"
_SHORT: Final = "streams are cut where every reader has handled them"
_MOVES: Final = "ownership moves in order"

_LEASES: Final = "tests/conformance/runtime/test_lease_store.py"
_SEEDED: Final = "tests/simulation/test_simulation.py::test_every_effect_happens_once_and_in_order"
_EMPTIED: Final = "what was lost comes back before anything new"
_OUTBOX: Final = "tests/nexus_actors/runtime/test_outbox.py"
_JANITOR: Final = "tests/nexus_actors/runtime/test_trimmer.py"
_KEEPER: Final = "tests/nexus_actors/runtime/test_leases.py"

MUTATIONS: Final = (
    Mutation(
        _FENCED,
        "commits do not check generations",
        "nexus_actors/postgres/runtime/0004_breaks_tenant_of_actors.sql",
        "IF current_ones <> cardinality(p_partitions) THEN",
        "IF false THEN",
        (
            "tests/conformance/runtime/test_turn_store.py::test_a_commit_under_an_old_generation_changes_nothing[postgres-False]",
        ),
    ),
    Mutation(
        _FENCED,
        "a take-over does not raise the generation",
        "nexus_actors/postgres/lease_store.py",
        "generation = l.generation + 1",
        "generation = l.generation",
        (f"{_LEASES}::test_generations_only_grow[postgres]",),
    ),
    Mutation(
        _FENCED,
        "the loop goes on under a generation whose last commit is in doubt",
        "nexus_actors/runtime/loop.py",
        "        self._ownership.doubt(doubtful)\n",
        "",
        ("tests/nexus_actors/runtime/test_stores_that_fail.py::test_a_commit_that_arrives_late_changes_nothing_any_more",),
    ),
    Mutation(
        _LEAVES,
        "a new owner does not publish what its predecessor left",
        "nexus_actors/runtime/outbox.py",
        "if partition.catch_up():",
        "if partition.number < 0:",
        (f"{_SEEDED}[0]",),
    ),
    Mutation(
        _LEAVES,
        "the published mark moves before anything is published",
        "nexus_actors/runtime/ledger.py",
        "commit.fences[number] = partition.fence()",
        "commit.fences[number] = partition.fence()._replace(published_seq=partition.last_seq)",
        (f"{_SEEDED}[0]",),
    ),
    Mutation(
        _LEAVES,
        "what the streams did not take counts as published",
        "nexus_actors/runtime/outbox.py",
        "partition.published(now, failures)",
        "partition.published(now)",
        (f"{_OUTBOX}::test_a_stream_that_refuses_does_not_fill_the_others_with_repeats",),
    ),
    Mutation(
        _LEAVES,
        "turns leave no outbox row",
        "nexus_actors/runtime/ledger.py",
        "commit.outbox.append(OutboxRow(partition.number, seq, message.stream, message.message_id, message.body))",
        "OutboxRow(partition.number, seq, message.stream, message.message_id, message.body)",
        (f"{_SEEDED}[0]",),
    ),
    Mutation(
        _LOST_TAIL,
        "nothing is read again under another history",
        "nexus_actors/runtime/loop.py",
        "            if partition.read_under:\n",
        "            if partition.number < 0:\n",
        ("tests/nexus_actors/runtime/test_promises.py::test_an_owner_reads_what_came_in_the_place_of_a_lost_tail",),
    ),
    Mutation(
        _LOST_TAIL,
        "nothing is published again under another history",
        "nexus_actors/runtime/partition.py",
        'if self._published_under not in {"", history}:',
        "if self.number < 0:",
        (f"{_OUTBOX}::test_a_loss_of_confirmed_entries_is_made_good_by_the_one_who_published_them",),
    ),
    Mutation(
        _SHORT,
        "streams are trimmed by length",
        "nexus_actors/runtime/trimmer.py",
        "below = cuts(lowest, self._done) | unread(streams, lowest, self._clock())",
        "below = dict(await self._store.last(streams))",
        (f"{_JANITOR}::test_nothing_is_cut_that_has_not_been_handled",),
    ),
    Mutation(
        _SHORT,
        "the fastest reader decides where streams are cut",
        "nexus_actors/postgres/checkpoints.py",
        "ORDER BY stream, ms, seq",
        "ORDER BY stream, ms DESC, seq DESC",
        ("tests/conformance/runtime/test_checkpoints.py::test_the_lowest_reader_counts[postgres]",),
    ),
    Mutation(
        _SHORT,
        "nothing is trimmed",
        "nexus_actors/runtime/trimmer.py",
        "removed = await self._store.trim(below)",
        "removed = 0",
        (f"{_JANITOR}::test_what_was_handled_is_cut_but_for_as_much_as_the_clock_may_have_gone_back",),
    ),
    Mutation(
        _EMPTIED,
        "the history that was read last counts, though publishing has met a newer one",
        "nexus_actors/runtime/loop.py",
        "self._reader.doubt()",
        "self._reader.streams",
        (f"{_OUTBOX}::test_a_history_that_publishing_has_met_is_not_taken_back_for_the_one_that_was_read",),
    ),
    Mutation(
        _EMPTIED,
        "nobody looks whether the streams were emptied",
        "nexus_actors/runtime/outbox.py",
        "if not vanished:",
        "if vanished is not None:",
        (f"{_OUTBOX}::test_streams_that_were_emptied_get_back_what_was_published_within_the_hour",),
    ),
    Mutation(
        _EMPTIED,
        "what is to go out again is not saved before it does",
        "nexus_actors/runtime/outbox.py",
        "await self._checkpoints.save([partition])",
        "await self._checkpoints.save([])",
        (f"{_OUTBOX}::test_an_owner_that_dies_while_it_publishes_all_again_leaves_the_rest_to_the_next",),
    ),
    Mutation(
        _EMPTIED,
        "a stream that has vanished is made anew by whoever comes first",
        "bus/redis/append.lua",
        "elseif ARGV[3] == 'there' then",
        "elseif false then",
        (
            "tests/conformance/bus/test_store.py::test_a_stream_that_has_vanished_is_made_anew_by_those_alone_who_have_heard_of_it[redis]",
        ),
    ),
    Mutation(
        "a full stream pushes back",
        "appends have no limit",
        "bus/redis/append.lua",
        "if limit > 0 then",
        "if limit < 0 then",
        ("tests/conformance/bus/test_store.py::test_a_full_stream_takes_nothing_and_others_are_not_affected[redis]",),
    ),
    Mutation(
        _MOVES,
        "each process places partitions by its own hash",
        "nexus_actors/runtime/placement.py",
        'int.from_bytes(blake2b(f"{worker}/{service}/{partition}".encode(), digest_size=8).digest(), "big")',
        "hash((worker, service, partition, blake2b))",
        ("tests/nexus_actors/runtime/test_placement.py",),
    ),
    Mutation(
        _MOVES,
        "placement depends on the order in which workers are named",
        "nexus_actors/runtime/placement.py",
        "sorted(pairs, reverse=True)",
        "pairs",
        ("tests/nexus_actors/runtime/test_placement.py",),
    ),
    Mutation(
        _MOVES,
        "a partition is released while its loop still works on it",
        "nexus_actors/runtime/leases.py",
        "done = {partition for partition in returning if partition not in ownership.owned}",
        "done = set(returning)",
        (_KEEPER,),
    ),
    Mutation(
        _MOVES,
        "a drain leaves without handing over",
        "nexus_actors/runtime/leases.py",
        "if not any(ownership.owned or ownership.granted for ownership in self._ownerships.values()):",
        "if self._ownerships:",
        (_KEEPER,),
    ),
    Mutation(
        _MOVES,
        "a drain keeps its leases until they run out",
        "nexus_actors/runtime/leases.py",
        "await self._store.leave(self._worker.worker_id)",
        "await anyio.sleep(0)",
        (_KEEPER,),
    ),
    Mutation(
        "a loop that hangs is seen",
        "a service is always alive",
        "nexus_actors/worker/probe.py",
        "return (self._clock() - self._loop.ticked_at).total_seconds() < STALLED_S",
        "return self._clock() is not None",
        ("tests/nexus_actors/worker/test_probe.py",),
    ),
)
