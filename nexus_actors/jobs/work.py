"""Work: how a job is done, in a process of its own, and what is told of it."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar

from msgspec import Struct

from bus import Command, ContractError
from bus.type_arguments import type_argument
from nexus_actors.declarations.answer_type import shown
from nexus_actors.errors import NexusError
from nexus_actors.jobs.job import Job
from nexus_actors.retry import check_errors

J = TypeVar("J", bound=Job)


class Report(Protocol):
    """What a work reports with: ``report(0.5, "second pass")``."""

    def __call__(self, fraction: float, note: str = "") -> None:
        """Say how far it is; calling it often is cheap: of more than 20 a second some are told.

        Args:
            fraction: from 0 to 1; one that is lower than the last counts as that.
            note: for people; cut after 200 characters.

        Raises:
            JobCancelled: the job has been cancelled.
            ValueError: the fraction is out of range.
        """
        ...


class JobCancelled(NexusError):
    """Raised in the work by its report once the job has been cancelled. Clean up and let it pass."""


class Progress(Struct, frozen=True, kw_only=True):
    """How far a job is: a fraction from 0 to 1, and a note for people."""

    fraction: float
    note: str


class GaveUp(Struct, frozen=True, kw_only=True):
    """A job that has ended without a result.

    Attributes:
        outcome: ``failed`` after all its attempts (or for a reason that no attempt would mend), or ``cancelled``.
        error: what happened, in words; empty where it was cancelled.
    """

    outcome: Literal["failed", "cancelled"]
    error: str


class Work(ABC, Generic[J]):
    """How jobs of one type are done: derive it from ``Work[JobType]`` and name it in ``Service(works=[...])``.

    It is made without arguments: in the worker for `progressed` and `ended`, and for `run` in a process of its own, which
    imports the module that it stands in. What it answers with are commands of its own service for the job's own key, so that
    the actor learns of everything in ordinary turns.

    Attributes:
        attempts: after so many failures of `run` it is given up. Being cancelled, and workers that die or drain, are none.
        time_limit_s: a `run` that takes longer, in seconds, is ended and has failed.
        never: errors, and kinds of them, that no other attempt will mend: a `run` that raises one has failed for good. So has
            one that raises `Park`; one that raises `Retry` is begun again after the time that it names.
    """

    attempts: ClassVar[int] = 3
    time_limit_s: ClassVar[float] = 3_600.0
    never: ClassVar[tuple[type[Exception], ...]] = ()

    @abstractmethod
    def run(self, job: J, report: Report) -> Command[Any]:
        """Do it, as plain blocking code, and return the command that says that it is done.

        It may be begun again after it was broken off anywhere, or even done: files and other services must not mind that.
        """

    def progressed(self, job: J, progress: Progress) -> Command[Any] | None:
        """The command that tells the actor how far it is, if it is to know; asked at most once a second for a job.

        Such a command may be lost, or come after the end.
        """
        return None

    @abstractmethod
    def ended(self, job: J, end: GaveUp) -> Command[Any]:
        """The command that tells the actor that the job has failed for good, or was cancelled."""

    @classmethod
    def job_type(cls) -> type[Job]:
        """The declared type of its jobs.

        Raises:
            ContractError: the class does not declare it.
        """
        declared = type_argument(cls, Work, "its job")
        if isinstance(declared, type) and issubclass(declared, Job) and hasattr(declared, "wire"):
            return declared
        raise ContractError(f"The job of {cls.__name__} is {shown(declared)}, which is no Job with a topic. Declare one.")

    @classmethod
    def reference(cls) -> str:
        """Where a process of its own finds it: ``module:attribute``.

        Raises:
            ContractError: it is not at the top level of a module.
        """
        if "." in cls.__qualname__ or cls.__module__ == "__main__":
            raise ContractError(f"{cls.__qualname__} cannot be imported elsewhere. Put it at the top level of a module.")
        return f"{cls.__module__}:{cls.__qualname__}"


def check_work(work: type[Work[Any]]) -> type[Job]:
    """The type of a work's jobs.

    Raises:
        ContractError: the class cannot be used.
    """
    work.reference()
    if work.attempts < 1 or not work.time_limit_s > 0:
        raise ContractError(f"{work.__name__} needs at least one attempt and a time limit above 0 s.")
    try:
        check_errors(f"{work.__name__}.never", work.never)
    except ValueError as error:
        raise ContractError(str(error)) from error
    if getattr(work, "__abstractmethods__", None):
        raise ContractError(f"{work.__name__} lacks {', '.join(sorted(work.__abstractmethods__))}.")
    return work.job_type()
