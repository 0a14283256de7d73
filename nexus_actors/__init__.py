"""The actor runtime of Nexus COS: services, actors, turns, the HTTP face."""

from nexus_actors.actor import Actor, handles
from nexus_actors.context import Context
from nexus_actors.database import Database, Row, Transaction
from nexus_actors.errors import StatementFailed
from nexus_actors.jobs.job import Job
from nexus_actors.jobs.status import JobStatus, job_status
from nexus_actors.jobs.work import GaveUp, JobCancelled, Progress, Report, Work
from nexus_actors.platform.catalogue import Catalogue, ServiceEntry
from nexus_actors.principal import Principal
from nexus_actors.retry import Park, Retry, RetryPolicy
from nexus_actors.service import Service

__all__ = [
    "Actor",
    "Catalogue",
    "Context",
    "Database",
    "GaveUp",
    "Job",
    "JobCancelled",
    "JobStatus",
    "Park",
    "Principal",
    "Progress",
    "Report",
    "Retry",
    "RetryPolicy",
    "Row",
    "Service",
    "ServiceEntry",
    "StatementFailed",
    "Transaction",
    "Work",
    "handles",
    "job_status",
]
