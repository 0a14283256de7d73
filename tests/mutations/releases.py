"""Breaks of what two releases side by side owe each other."""

from typing import Final

from tests.mutations.mutation import Mutation

_BESIDE: Final = "releases side by side lose, park and erase nothing"

_MESSAGES: Final = "tests/nexus_actors/runtime/releases/test_messages.py"
_STATES: Final = "tests/nexus_actors/runtime/releases/test_states.py"
_WAITS: Final = f"{_MESSAGES}::test_what_an_older_release_does_not_know_waits_for_the_newer_one_with_all_that_comes_behind"
_LEASES: Final = "tests/conformance/runtime/test_lease_store.py"

MUTATIONS: Final = (
    Mutation(
        _BESIDE,
        "what a newer release has written counts as broken",
        "nexus_actors/runtime/turn.py",
        "waits=isinstance(delivery.problem, NewerRelease)",
        "waits=False",
        (f"{_WAITS}[command]",),
    ),
    Mutation(
        _BESIDE,
        "a newer version of an event is nobody's",
        "nexus_actors/runtime/decoder.py",
        "not self._contracts.knows_older(envelope.type) and ",
        "",
        (f"{_WAITS}[version]",),
    ),
    Mutation(
        _BESIDE,
        "the mark of the writer's schema is not looked at",
        "bus/codec.py",
        "envelope.dataschema not in {None, known}",
        "envelope.dataschema != envelope.dataschema",
        (f"{_WAITS}[value in an event]",),
    ),
    Mutation(
        _BESIDE,
        "what a newer release handles is ignored",
        "nexus_actors/runtime/leases.py",
        "frozenset(beat.awaited.get(service.name, ()))",
        "frozenset()",
        (f"{_MESSAGES}::test_an_event_that_a_newer_release_beside_this_one_handles_waits_for_it",),
    ),
    Mutation(
        _BESIDE,
        "what an older release handled is waited for",
        "nexus_actors/postgres/lease_store.py",
        "newer.first_seen_at > own.first_seen_at",
        "newer.mark <> own.mark",
        (f"{_LEASES}::test_a_beat_tells_what_a_newer_release_handles_and_this_one_does_not[postgres]",),
    ),
    Mutation(
        _BESIDE,
        "a newer release is waited for for ever",
        "nexus_actors/runtime/parking.py",
        ">= longest",
        "< timedelta()",
        (f"{_MESSAGES}::test_what_no_newer_release_comes_for_is_parked_with_its_cause_after_the_wait",),
    ),
    Mutation(
        _BESIDE,
        "unknown fields of a state are erased",
        "nexus_actors/runtime/unknown_fields.py",
        "            self._unknown = unknown_fields(state, body)\n",
        "",
        (f"{_STATES}::test_a_turn_of_an_older_release_erases_nothing",),
    ),
    Mutation(
        _BESIDE,
        "a state with unknown fields is saved under the mark of who does not know them",
        "nexus_actors/runtime/unknown_fields.py",
        "whole if self._theirs is None else marked(whole, _mixed(self._mark, self._theirs))",
        "marked(whole, self._mark)",
        (f"{_STATES}::test_a_turn_of_an_older_release_erases_nothing",),
    ),
    Mutation(
        _BESIDE,
        "a state that a newer release has written counts as broken",
        "nexus_actors/runtime/activations.py",
        "if self._writer.is_foreign(self.settled):",
        "if not self.settled:",
        (f"{_STATES}::test_a_state_that_an_older_release_cannot_read_waits_and_is_whole_afterwards",),
    ),
)
