"""What the garbage collector of a worker looks at."""

import gc
import weakref

from nexus_actors.worker.heap import steady_heap


class Circle:
    """Holds itself, so that the collector alone can free it."""

    def __init__(self) -> None:
        self.itself = self


def test_what_was_there_is_not_looked_at_until_the_end_and_what_comes_is_collected() -> None:
    gc.collect()
    before, thresholds = len(gc.get_objects()), gc.get_threshold()
    with steady_heap():
        assert len(gc.get_objects()) < before / 10
        new = weakref.ref(Circle())
        gc.collect()
        assert new() is None
    assert (gc.get_freeze_count(), gc.get_threshold()) == (0, thresholds)


def test_circles_go_by_themselves_when_there_are_many() -> None:
    with steady_heap():
        first = weakref.ref(Circle())
        others: list[list[int]] = [[] for _ in range(20_000)]
        assert (first(), len(others)) == (None, 20_000)
