"""Trials: short proofs that a platform works, which `nexus verify` does as a client from outside.

They are found by name, like demonstrations: module ``trials`` beside the services of a module (``modules.<module>.trials``) has
a sequence ``trials``. A trial takes away what it has made, so that it may be done at any time, on a platform in use too.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from msgspec import Struct

from nexus_actors.demo import Visitor

MODULE: Final = "trials"
SEQUENCE: Final = "trials"


class Trial(Struct, frozen=True, kw_only=True):
    """A trial.

    Attributes:
        section: the heading that it is shown under.
        title: what is tried, in a few words.
        services: the names of those that it asks.
        run: does it, and tells what was seen; raises `nexus_actors.demo.DemoFailed` where it does not come out as it must.
    """

    section: str
    title: str
    services: tuple[str, ...]
    run: Callable[[Visitor], Awaitable[str]]
