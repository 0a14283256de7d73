"""What an actor is told of its job: commands of its own service, for its own key."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from bus import Command, ContractError, Envelope, StreamName, derive_id
from bus.codec import decode_envelope, encode_envelope
from bus.envelope import seal
from nexus_actors.failures.blame import blaming
from nexus_actors.jobs.frames import Returned
from nexus_actors.jobs.job import Job
from nexus_actors.jobs.store import Claim, report_id
from nexus_actors.jobs.work import GaveUp, Progress, Work
from nexus_actors.service import Service


class Telling:
    """One job as its service reads it, and the commands about it, sealed.

    Args:
        clock: the time, UTC.

    Raises:
        BusError: the job cannot be read.
        Exception: whatever the classes of job and work raise at being made. Neither these nor the methods raise anything else,
            whatever the work does: it is called in the worker's own process.

    Attributes:
        job: what is to be done.
        work: how it is done.
        stream: where the commands go.
    """

    def __init__(self, service: Service, contracts: Any, claim: Claim, clock: Callable[[], datetime]) -> None:  # noqa: ANN401
        self._service = service
        self._claim = claim
        self._clock = clock
        self._envelope: Envelope = decode_envelope(claim.body)
        with blaming():
            self.job: Job = contracts.decode(self._envelope)
            self.work: Work[Any] = service.works[type(self.job)]()
        self.stream = stream_of(service, claim.key)

    def done(self, returned: Returned) -> bytes:
        """The result of the work, as the envelope that tells it.

        Raises:
            ContractError: it is no command for this actor.
        """
        foreign = self._envelope.replace(type=returned.wire_type, data=returned.data)
        try:
            with blaming():
                command = self._service.contracts.decode(foreign)
        except Exception as error:
            raise ContractError(f"run returned what {self._service.name} cannot handle: {error}") from error
        return self._sealed(command, report_id(self._claim.job_id), "run")

    def gave_up(self, end: GaveUp) -> bytes:
        """The envelope that tells that there is no result.

        Raises:
            Exception: whatever the work raises when it is asked for the command.
            ContractError: it is no command for this actor.
        """
        with blaming():
            return self._sealed(self.work.ended(self.job, end), report_id(self._claim.job_id), "ended")

    def progress(self, progress: Progress, number: int) -> bytes | None:
        """The envelope of the ``number``-th report of progress; None where the actor is not to know.

        Raises:
            Exception: whatever the work raises when it is asked for the command.
            ContractError: it is no command for this actor.
        """
        name = f"progress/{self._claim.generation}/{number}"
        with blaming():
            command = self.work.progressed(self.job, progress)
            return None if command is None else self._sealed(command, derive_id(self._claim.job_id, name), "progressed")

    def _sealed(self, command: object, message_id: UUID, method: str) -> bytes:
        where = f"{type(self.work).__name__}.{method}"
        if not isinstance(command, Command) or type(command) not in self._service.handled:
            raise ContractError(f"{where} returned {type(command).__name__}, which is no command of {self._service.name}.")
        if command.key_of() != self._claim.key:
            raise ContractError(f"{where} returned a command for {command.key_of()!r}, and the job is of {self._claim.key!r}.")
        source = self._service.name
        return encode_envelope(seal(command, message_id=message_id, source=source, now=self._clock(), cause=self._envelope))


def stream_of(service: Service, key: str) -> StreamName:
    """Where the commands of a key go."""
    return service.topic.stream("commands", service.topic.partition_of(key))
