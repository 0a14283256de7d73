"""Breaks of what is refused at start, and of what handlers and errors say about failures."""

from typing import Final

from tests.mutations.mutation import Mutation

_REFUSED: Final = "what could only fail later is refused at start"
_POLICY: Final = "a handler and an error say whether to try again"
_SHOWN: Final = "development shows failures, and production does not"

_ACTOR: Final = "tests/nexus_actors/test_actor.py::test_what_cannot_work_is_refused_when_it_is_declared"
_OMITTED: Final = "tests/nexus_actors/declarations/test_omissions.py"
_POLICIES: Final = "tests/nexus_actors/runtime/test_policies.py"
_STORES: Final = "tests/conformance/runtime/test_refused.py"

MUTATIONS: Final = (
    Mutation(
        _REFUSED,
        "a forgotten decorator is not noticed",
        "nexus_actors/actor.py",
        'elif not name.startswith("_") and looks_like_handler(member, _given(actor, name)):',
        'elif name.startswith("__never"):',
        (f"{_ACTOR}[Forgotten]",),
    ),
    Mutation(
        _REFUSED,
        "a context for type checkers alone is none",
        "nexus_actors/declarations/forgotten.py",
        "return _ABSENT_CONTEXT.search(declared) is not None",
        "return False",
        ("tests/nexus_actors/declarations/test_forgotten.py",),
    ),
    Mutation(
        _REFUSED,
        "a class of before a reload is missed",
        "nexus_actors/declarations/omissions.py",
        "    return found is cls",
        "    return True",
        (f"{_OMITTED}::test_a_module_may_be_imported_again",),
    ),
    Mutation(
        _REFUSED,
        "two values of a key may have one text",
        "bus/key_type.py",
        "        if first != value:",
        "        if not first:",
        ("tests/bus/test_key_type.py::test_two_values_with_one_text_are_named",),
    ),
    Mutation(
        _REFUSED,
        "the fields of types in types are not looked at",
        "bus/field_types.py",
        "            waiting += _inner(kind)",
        "            waiting += ()",
        ("tests/nexus_actors/declarations/test_absent_types.py",),
    ),
    Mutation(
        _REFUSED,
        "answers are not compared with what is promised",
        "nexus_actors/declarations/signature.py",
        "    if not answers_with(declared, GenericAlias(list, (promised,)) if signature.many else promised):",
        "    if not signature.message_type:",
        (f"{_ACTOR}[WrongAnswer]",),
    ),
    Mutation(
        _REFUSED,
        "a bool is taken for an int",
        "nexus_actors/declarations/answer_type.py",
        "((bool, int), (bool, float), (datetime, date))",
        "((datetime, date),)",
        ("tests/nexus_actors/declarations/test_answer_type.py::test_anything_else_is_none",),
    ),
    Mutation(
        _REFUSED,
        "a message may do without a key",
        "bus/key_type.py",
        "if len(keys) < len(kinds) and not may_be_none:",
        "if not kinds and not may_be_none:",
        ("tests/bus/test_key_type.py::test_a_key_is_what_has_one_text",),
    ),
    Mutation(
        _REFUSED,
        "an actor that is not named is not missed",
        "nexus_actors/declarations/omissions.py",
        "not any(issubclass(named, actor) for named in actors)",
        "not actors",
        (f"{_OMITTED}::test_what_is_left_out_is_named",),
    ),
    Mutation(
        _POLICY,
        "the service's policy is followed whatever the handler says",
        "nexus_actors/runtime/parking.py",
        "policy = first.policy or self._policy",
        "policy = self._policy",
        (f"{_POLICIES}::test_a_handler_follows_its_own_policy_and_the_others_that_of_the_service",),
    ),
    Mutation(
        _POLICY,
        "the first handler of an event decides",
        "nexus_actors/runtime/turn.py",
        "call[0].policy = handler.retry",
        "call[0].policy = call[0].policy or handler.retry",
        (f"{_POLICIES}::test_of_several_handlers_the_one_that_failed_decides",),
    ),
    Mutation(
        _POLICY,
        "a time that a handler asks for counts as no failure",
        "nexus_actors/retry.py",
        "return cause.after_s if failures < self.max_attempts else None",
        "return cause.after_s",
        (f"{_POLICIES}::test_a_handler_says_when_to_be_tried_again_and_that_counts",),
    ),
    Mutation(
        _POLICY,
        "a work is tried again whatever it raises",
        "nexus_actors/jobs/child.py",
        "final=isinstance(error, Exception) and is_final(error, never),",
        "final=False,",
        ("tests/nexus_actors/testing/test_memory_jobs.py",),
    ),
    Mutation(
        _SHOWN,
        "who asks is shown failures in production",
        "nexus_actors/runtime/parking.py",
        "if not self._shows_faults or delivery.failures > 1",
        "if delivery.failures > 1",
        (f"{_POLICIES}::test_elsewhere_no_answer_shows_what_was_raised",),
    ),
    Mutation(
        _SHOWN,
        "production takes the setting",
        "nexus_actors/settings/config.py",
        'if settings.show_faults == "yes":',
        'if settings.show_faults == "never":',
        ("tests/nexus_actors/settings/test_config.py::test_production_refuses_missing_and_default_secrets",),
    ),
    Mutation(
        "memory keeps what PostgreSQL keeps",
        "a commit in memory is not checked",
        "nexus_actors/memory/database.py",
        "        check_commit(commit)\n",
        "",
        (f"{_STORES}::test_what_no_database_keeps_is_refused_and_takes_its_commit_along",),
    ),
)
