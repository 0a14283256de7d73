"""What can go wrong on the bus. A message says what happened and what to do."""


class BusError(Exception):
    """Base of the faults that the bus raises."""


class ContractError(BusError):
    """Raised when a message class or topic is declared in a way that cannot work."""


class AbsentType(ContractError):
    """Raised when a type is named that is not there: it stands further down, or is imported for type checkers alone."""

    def __init__(self, where: str, error: NameError) -> None:
        super().__init__(
            f"{where} names the type {error.name!r}, which is not there when it runs. Import it outside of "
            "`if TYPE_CHECKING:`, or define it at the top level of its module."
        )


class Unwritable(ContractError):
    """Raised when a message, an answer or a state is to be written that its own type forbids. Nothing was written."""


class TooLarge(Unwritable):
    """Raised when something is to be written that has more bytes than it may. Nothing was written."""


class UnknownMessage(BusError):
    """Raised when a message arrives whose type no contract in this process declares."""


class MalformedMessage(BusError):
    """Raised when an envelope or its data cannot be decoded as what its type says."""


class NewerRelease(BusError):
    """Raised when something was written by a release that knows more than this one: a message, an answer, a state.

    It is not to blame, and this release can do nothing about it: it waits for the newer one.
    """


class PublishFailed(BusError):
    """Raised when a publish was not confirmed.

    The message may or may not be in its stream. Publish it again under the same id: receivers drop what they know.
    """


class PublishForbidden(PublishFailed):
    """Raised when the store's account of this process may not publish there. Nothing was appended."""


class StreamGone(PublishFailed):
    """Raised when a stream is there no more, though the store had it under the same history: the store has been emptied.

    Nothing was appended. Who publishes again makes the stream anew, so what was lost goes first.
    """


class Overloaded(BusError):
    """Raised when a stream holds as many unread messages as it may.

    Attributes:
        retry_after_s: how long to wait before the next try, in seconds.
    """

    def __init__(self, stream: str, retry_after_s: float = 1.0) -> None:
        super().__init__(f"Stream {stream} is full. Its readers are behind; try again in {retry_after_s:g} s.")
        self.stream = stream
        self.retry_after_s = retry_after_s


class DeadlineExceeded(BusError):
    """Raised when no answer came before the deadline. The command may still take effect."""


class HandlerFailed(BusError):
    """Raised, in development alone, when the handling of a command failed and nobody waits for how it goes on.

    The message says what was raised and where. The command is tried again, or waits in the dead letters: under its id the real
    answer is to be had.
    """


class BusUnavailable(BusError):
    """Raised when the stream store cannot be reached."""


class NotPermitted(BusUnavailable):
    """Raised when the stream store does not let this process do what it needs, for its account lacks a permission.

    Attributes:
        what: the command or key, as the store names it.
    """

    def __init__(self, message: str, what: str) -> None:
        super().__init__(message)
        self.what = what
