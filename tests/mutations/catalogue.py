"""All mutations."""

from typing import Final

from tests.mutations import edge, flow, turns

MUTATIONS: Final = (*turns.MUTATIONS, *flow.MUTATIONS, *edge.MUTATIONS)
