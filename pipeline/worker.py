"""Luigi's worker, as this project needs it.

What a person must mend is not tried again in the same run: Luigi's own tries every failure again, and
luigid remembers for a day that it gave one up. A process that died or took too long is told of, which Luigi notes in
passing. And a run waits while another one has its last task in hand.
"""

from __future__ import annotations

from typing import Any

import luigi.interface
import luigi.rpc
import luigi.worker

from pipeline.lost_processes import why_it_died, why_it_was_ended
from pipeline.scheduler import Scheduler
from pipeline.scheduler_link import remote_scheduler
from tasks.base import EXPLAINED, Stage


class Worker(luigi.worker.Worker):
    """A worker that tries again only what failed for no known reason, and waits for what others do."""

    def _email_task_failure(self, task: luigi.Task, formatted_traceback: str) -> None:
        # Luigi calls this in the main process for a task that has failed, before it asks how often to try.
        if isinstance(task, Stage) and str(formatted_traceback).startswith(f"Task {task.task_id} died unexpectedly"):
            task.lost(why_it_died(self._running_tasks[task.task_id].exitcode))
        if isinstance(task, Stage) and str(formatted_traceback).startswith(EXPLAINED):
            task.hopeless = True
            # The scheduler judges a failure by the policy it knew before.
            policy = {"retry_count": task.retry_count}
            self._scheduler.add_task(
                worker=self._id, task_id=task.task_id, status=luigi.worker.RUNNING, retry_policy_dict=policy
            )
        super()._email_task_failure(task, formatted_traceback)

    def _keep_alive(self, get_work_response: Any) -> bool:
        # Luigi's own counts what is pending alone, and leaves while another run does the last task: nobody would
        # take that over, and the goal would not be complete yet.
        return bool(get_work_response.running_tasks) or super()._keep_alive(get_work_response)


@Stage.event_handler(luigi.Event.TIMEOUT)
def _tell_of_timeout(task: Stage, _message: str) -> None:
    # Ended in time to answer, the process says that it failed before Luigi does, and Luigi's reason is lost.
    task.lost(why_it_was_ended(luigi.worker.worker().timeout))


class WorkerFactory(luigi.interface._WorkerSchedulerFactory):
    """Gives a run such a worker, and each task of `camera` a new chance with luigid."""

    def __init__(self, camera: str):
        self._camera = camera

    def create_local_scheduler(self) -> Scheduler:
        """The scheduler of a run that brings one along."""
        return Scheduler(prune_on_get_work=True, record_task_history=False)

    def create_remote_scheduler(self, url: str) -> luigi.rpc.RemoteScheduler:
        """The scheduler of a run that goes through luigid."""
        return remote_scheduler(url)

    def create_worker(self, scheduler: Any, worker_processes: int, assistant: bool = False) -> Worker:
        """The run's worker."""
        for task_id, told in scheduler.task_list("DISABLED", "", limit=False).items():
            if told["params"].get("camera") == self._camera:
                scheduler.re_enable_task(task_id)
        return Worker(scheduler=scheduler, worker_processes=worker_processes, assistant=assistant)
