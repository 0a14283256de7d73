"""Jobs: what is to be done outside the turn, because it takes long."""

from bus import Message


class Job(Message):
    """Long work that a turn starts: transcoding, mastering, planning a tour.

    Declare it as messages are declared::

        class RenderMaster(Job, topic=MASTERING, key="track_id"):
            track_id: UUID
            loudness_lufs: float

    The key is that of the actor that starts it and gets to know how it ends. It never travels on a stream: it waits in the
    database until a worker does it, perhaps one of a later release, so ``version`` and ``upcast`` mean what they mean for
    messages.
    """
