"""Tracebacks as the author of a service wants them: the frames of the service, without the runtime's and the libraries'."""

import sysconfig
import traceback
from pathlib import Path
from typing import Final

import bus
from nexus_actors.failures.cause import described, is_vast
from nexus_actors.failures.redaction import redact_text

_LONGEST: Final = 4_000
_OTHERS: Final = tuple(
    f"{Path(folder)}/"
    for folder in {
        str(Path(__file__).parents[1]),
        str(Path(bus.__file__).parent),
        *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
    }
)


def is_own(filename: str) -> bool:
    """Whether a file is a service's: neither the runtime's, nor Python's, nor a library's."""
    return not filename.startswith((*_OTHERS, "<frozen ")) and "/site-packages/" not in filename


def own_traceback(error: BaseException) -> str:
    """What was raised, with its causes, as Python prints it but with the service's frames alone, and without secrets.

    Where a cause has none of these, all of its frames are shown; so where there are very many causes, which are told in short.
    A long text is cut from the front: the innermost frames say most.
    """
    if is_vast(error):
        return redact_text(described(error))[-_LONGEST:]
    told = traceback.TracebackException.from_exception(error, capture_locals=False)
    _trim(told, set())
    text = "".join(told.format()).encode(errors="backslashreplace").decode()
    return redact_text(text)[-_LONGEST:]


def _trim(told: traceback.TracebackException, seen: set[int]) -> None:
    """Leave the own frames; of at most `nexus_actors.failures.cause.MOST_ERRORS`, so it may call itself for each."""
    seen.add(id(told))
    own = [frame for frame in told.stack if is_own(frame.filename)]
    if own:
        told.stack = traceback.StackSummary.from_list(own)
    for other in (told.__cause__, told.__context__, *(told.exceptions or ())):
        if other is not None and id(other) not in seen:
            _trim(other, seen)
