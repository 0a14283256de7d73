"""The worker process: the composition root, where every port meets its adapter."""

from nexus_actors.worker.worker import Worker, WorkerOptions, open_worker

__all__ = ["Worker", "WorkerOptions", "open_worker"]
