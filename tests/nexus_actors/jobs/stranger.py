"""A job that no service has a work for. It stands outside the package of its service, which would be refused otherwise."""

from nexus_actors import Job
from tests.nexus_actors.jobs.studio.contract import STUDIO


class Unknown(Job, topic=STUDIO, key="track"):
    """A job that no work is there for."""

    track: str
