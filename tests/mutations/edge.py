"""Breaks of what stands at the edge: tokens, tenants, limits, strict reading."""

from typing import Final

from tests.mutations.mutation import Mutation

_TOKENS: Final = "only a token that is right opens a door"
_TENANTS: Final = "tenants share nothing"
_STRICT: Final = "requests are read strictly"
_LIMITS: Final = "requests have a rate limit"

_VERIFIER: Final = "tests/nexus_actors/security/test_verifier.py"
_ADMISSION: Final = "tests/nexus_actors/http/test_admission.py"
_FLEET: Final = "tests/modules/puabo_nexus/fleet/test_over_http.py::test_another_tenants_things_are_not_there"
_CREW: Final = "a worker in trouble takes nothing else along"
_KEPT: Final = "tests/nexus_actors/local/test_worker_pool.py"
_SCREEN: Final = "data cannot steer a terminal"
_PRINTED: Final = "tests/nexus_actors/cli/terminal/test_screen.py"
_ORDERS: Final = "an order of an operator does what it says"
_ORDERED: Final = "tests/nexus_actors/operations/test_clearing.py"

MUTATIONS: Final = (
    Mutation(
        _TOKENS,
        "signatures are not verified",
        "nexus_actors/security/verifier.py",
        "jws.deserialize_compact(token, key.key, algorithms=[key.alg])",
        "jws.extract_compact(token.encode())",
        (f"{_VERIFIER}::test_a_token_of_a_foreign_key_under_our_kid_is_refused",),
    ),
    Mutation(
        _TOKENS,
        "tokens do not expire",
        "nexus_actors/security/verifier.py",
        "if claims.exp + _SKEW_S <= seconds:",
        "if claims.exp < 0:",
        (f"{_VERIFIER}::test_a_token_expires_with_a_minute_of_grace",),
    ),
    Mutation(
        _TOKENS,
        "the audience is not compared",
        "nexus_actors/security/verifier.py",
        "if audience not in verified.claims.aud and PLATFORM_AUDIENCE not in verified.claims.aud:",
        "if not audience and PLATFORM_AUDIENCE not in verified.claims.aud:",
        (f"{_VERIFIER}::test_a_remembered_token_is_still_refused_by_another_service",),
    ),
    Mutation(
        _TOKENS,
        "the issuer is not compared",
        "nexus_actors/security/verifier.py",
        "if claims.iss != self._issuer:",
        "if not claims.iss:",
        (f"{_VERIFIER}::test_another_issuer_is_refused",),
    ),
    *(
        Mutation(
            _TOKENS,
            f"a revoked {kind} goes on",
            "nexus_actors/security/verifier.py",
            f'trust.revoked("{kind}", claims.{arguments})',
            f'trust.revoked("{kind}", "")',
            (f"{_VERIFIER}::test_a_revocation_takes_effect_at_the_next_request",),
        )
        for kind, arguments in (("token", "jti"), ("session", "sid"), ("subject", "sub, claims.granted_at"))
    ),
    Mutation(
        _TOKENS,
        "scopes are not asked for",
        "nexus_actors/http/admission.py",
        "if principal.may(scope):",
        "if scope:",
        (f"{_ADMISSION}::test_without_the_scope_nothing_happens",),
    ),
    Mutation(
        _TENANTS,
        "a row is found whichever tenant asks",
        "nexus_actors/tables/table.py",
        "WHERE tenant = $1 AND {key} = $2",
        "WHERE $1::text IS NOT NULL AND {key} = $2",
        (_FLEET,),
    ),
    Mutation(
        _TENANTS,
        "lists show the things of every tenant",
        "nexus_actors/tables/listing.py",
        'f"{_compared(name)} ${place}" for',
        "f\"({_compared(name)} ${place} OR '{name}' = 'tenant')\" for",
        (_FLEET,),
    ),
    Mutation(
        _STRICT,
        "a body may be of a type that ignores unknown keys",
        "nexus_actors/http/body_type.py",
        'not info.forbid_unknown_fields and place == "body"',
        'not info.forbid_unknown_fields and place == ""',
        ("tests/nexus_actors/http/test_routes.py::test_a_body_that_cannot_be_read_strictly_is_refused",),
    ),
    Mutation(
        _STRICT,
        "unknown keys of a body are ignored",
        "nexus_actors/http/json_body.py",
        "            raise invalid(field_error(str(error))) from error",
        '            if "unknown field" not in str(error):\n'
        "                raise invalid(field_error(str(error))) from error\n"
        "            value = plain = msgspec.json.decode(body)",
        ("tests/nexus_actors/http/test_bodies.py::test_what_is_not_allowed_names_its_field",),
    ),
    Mutation(
        _STRICT,
        "an object may have a key twice",
        "nexus_actors/http/json_body.py",
        'if structure.count(b":") != _count_keys(plain):',
        'if structure.count(b":") < _count_keys(plain):',
        ("tests/nexus_actors/http/test_json_body.py::test_a_key_that_comes_twice_is_found_wherever_it_stands",),
    ),
    Mutation(
        _LIMITS,
        "limits are counted and not kept to",
        "nexus_actors/http/admission.py",
        "if wait_s > 0:",
        "if wait_s < 0:",
        (f"{_ADMISSION}::test_a_limit_by_address_refuses_and_says_for_how_long",),
    ),
    Mutation(
        _LIMITS,
        "a burst never ends",
        "nexus_actors/http/limits.py",
        "if now_ns < earliest_ns:",
        "if now_ns < 0:",
        ("tests/nexus_actors/http/test_limits.py::test_no_window_lets_more_through_than_burst_and_rate",),
    ),
    Mutation(
        _CREW,
        "a worker that ends again and again stops everything",
        "nexus_actors/local/worker_pool.py",
        "        self._note(number, trouble=why)\n",
        '        raise CannotStart(f"Worker {number} ended too often: {why}.")\n',
        (f"{_KEPT}::test_a_worker_that_ends_again_and_again_is_told_of_once_and_tried_for_ever",),
    ),
    Mutation(
        _SCREEN,
        "control characters are printed as they are",
        "nexus_actors/cli/terminal/screen.py",
        "    return _CONTROL.sub(_escape, text)\n",
        "    return text\n",
        (f"{_PRINTED}::test_what_commands_print_of_data_is_harmless",),
    ),
    Mutation(
        _SCREEN,
        "a value makes lines of its own",
        "nexus_actors/cli/terminal/screen.py",
        "    return _CONTROL_OR_LINE.sub(_escape, text)\n",
        "    return harmless(text)\n",
        (f"{_PRINTED}::test_a_value_cannot_make_lines_or_columns_of_its_own",),
    ),
    Mutation(
        _ORDERS,
        "an order has no end while letters fail",
        "nexus_actors/operations/clearing.py",
        "letters = [letter for letter in page if letter.number <= last]",
        "letters = page",
        (f"{_ORDERED}::test_what_is_parked_meanwhile_is_for_the_next_order",),
    ),
    Mutation(
        _ORDERS,
        "of a key one letter is dropped and the next tried again",
        "nexus_actors/operations/clearing.py",
        "        if release.key:\n",
        "        if not release.key:\n",
        (f"{_ORDERED}::test_all_of_a_keys_letters_that_are_to_be_dropped_go_at_once",),
    ),
    Mutation(
        _ORDERS,
        "letters that only wait are taken for failed ones",
        "nexus_actors/operations/clearing.py",
        "replace(wanted, failed=True)",
        "replace(wanted, failed=False)",
        (f"{_ORDERED}::test_of_a_hundred_thousand_letters_those_that_failed_are_read_a_page_at_a_time",),
    ),
)
