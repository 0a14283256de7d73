"""What Python's garbage collector looks at in a worker process."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_YOUNG: Final = 10_000
"""So many more objects than have gone again, and the collector looks at them. By default it is 700, about as many as forty
messages have in hand: it would look at each batch many times, and nearly all of that goes by itself soon after.
"""


@contextmanager
def steady_heap() -> Iterator[None]:
    """Keep the collector from what is there to stay: modules, classes and contracts.

    Some ninety thousand objects where five services run: it would go over all of them every few thousand messages, for tens of
    milliseconds in which nothing else runs.
    """
    thresholds = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()
