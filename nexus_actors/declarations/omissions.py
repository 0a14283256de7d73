"""What a service's package has and the service does not name: written, and never run."""

import sys
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from bus import Command, ContractError, Message, Topic
from nexus_actors.actor import Actor, handlers_of
from nexus_actors.jobs.job import Job
from nexus_actors.jobs.work import Work

_SERVICE_MODULE: Final = "service"


def check_named(module: str, actors: Sequence[type[Actor[Any]]], works: Sequence[type[Work[Any]]]) -> None:
    """Check that a service names every actor and every work of its package that has been imported.

    Bases of what it names are named with them.

    Args:
        module: where the service stands. Of modules of another name than ``service`` nothing is asked.

    Raises:
        ContractError: it leaves one out.
    """
    package, _, name = module.rpartition(".")
    if name != _SERVICE_MODULE:
        return
    for actor in _below(Actor):
        if _is_of(actor, package) and not any(issubclass(named, actor) for named in actors) and handlers_of(actor):
            raise ContractError(
                f"{actor.__name__} has handlers and is not among Service(actors=[...]): nobody would call them."
            )
    for work in _below(Work):
        is_base = bool(getattr(work, "__abstractmethods__", None)) or any(issubclass(named, work) for named in works)
        if _is_of(work, package) and not is_base:
            raise ContractError(f"{work.__name__} is not among Service(works=[...]): its jobs would never be done.")


def check_taken(module: str, topic: Topic, handled: Collection[type[Message]], works: Collection[type[Job]]) -> None:
    """Check that a service does something with every command and job of its package that has been imported.

    Commands of other topics are what it asks others.

    Raises:
        ContractError: nothing would happen to one.
    """
    package, _, name = module.rpartition(".")
    if name != _SERVICE_MODULE:
        return
    for command in _below(Command):
        is_own = _is_of(command, package) and hasattr(command, "wire") and command.topic == topic
        if is_own and command not in handled:
            raise ContractError(
                f"No actor handles the command {command.__name__}: who asks it would wait for nothing. Add a handler."
            )
    for job in _below(Job):
        if _is_of(job, package) and hasattr(job, "wire") and job not in works:
            raise ContractError(
                f"No work does the job {job.__name__}: it could not be started. Name one in Service(works=[...])."
            )


def check_migrations(folder: Path) -> None:
    """Check that migrations are where they are looked for.

    Raises:
        ContractError: there is no folder of that name, and one beside it that looks as if it was meant.
    """
    if folder.is_dir():
        return
    for file in sorted(folder.parent.glob("*/[0-9][0-9][0-9][0-9]_*.sql")):
        raise ContractError(
            f"Migrations are read from {folder}, which is not there, and {file} would not be. Rename the folder."
        )


def _below(base: type) -> Iterator[type[Any]]:
    found: type[Any]
    for found in base.__subclasses__():
        yield found
        yield from _below(found)


def _is_of(cls: type, package: str) -> bool:
    """Whether a class is what its name stands for in a module of a package; one of before a reload is not."""
    if not cls.__module__.startswith(f"{package}."):
        return False
    found: object = sys.modules.get(cls.__module__)
    for name in cls.__qualname__.split("."):
        found = getattr(found, name, None)
    return found is cls
