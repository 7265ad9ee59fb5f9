"""Nights done by the workers of a Dask cluster, while Luigi keeps the graph and the record.

A month hands its missing nights over at once and waits for them, so that Luigi's scheduler sees months
alone. A night whose worker died is done again by another one, which is Dask's doing; one that failed
is tried again on another host where there is one. What cannot be done is named, and the rest goes on.
"""

from __future__ import annotations

import logging
import math
import time
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from tasks import settings
from tasks.base import Stage
from tasks.dask_cluster import GPU, NoCluster, connected
from tasks.engine import Engine, NightsNotDone
from tasks.history import reason
from tasks.night_work import Account, NightWork, NotSeen, account_of, nights_ahead, nights_of, wait_until_seen
from tasks.periods import LandingMonthStage, NightStage
from tasks.snapshot import Snapshot, take

logger = logging.getLogger("allsky")

# So often it is looked whether scheduler and workers are still there.
LOOKED_EVERY_S = 2.0
GONE = "the Dask scheduler has gone; what is done is done, and the same command goes on where this run ended"


class DaskEngine(Engine):
    """The workers of a cluster."""

    def done_before(self, stage: Stage, waiting_for: list[Any]) -> list[Any]:
        """Do the nights that `stage` waits for, once everything is there that is not a night."""
        if first := list(_before_nights(waiting_for, set())):
            return first
        _do(stage, nights_ahead(waiting_for), gpu=False)
        return []

    def land(self, stage: LandingMonthStage, nights: list[str]) -> None:
        """Do these nights of `stage`."""
        _do(stage, nights_of(stage, nights), stage.takes == "gpu")


def _before_nights(tasks: Iterable[Any], seen: set[str]) -> Iterator[Stage]:
    """What is not there yet and is not a night, of `tasks` and of what their nights need."""
    for task in tasks:
        if task.task_id in seen or task.of_the_machine or task.complete():
            continue
        seen.add(task.task_id)
        if isinstance(task, NightStage):
            yield from _before_nights(task.needs(), seen)
        else:
            yield task


def _do(stage: Stage, works: list[NightWork], gpu: bool) -> None:
    """Let the cluster do `works` for `stage`.

    Raises NightsNotDone naming what could not be done, and NotSeen where all was done and not all can be seen.
    """
    failures: dict[NightWork, str] = {}
    with connected() as client:
        batch = Batch(client, take(), gpu)
        works = batch.shared_out(works)
        for work in works:
            batch.hand_over(work)
        for ended, (work, account) in enumerate(batch.accounts(), start=1):
            account.tell()
            if account.failure:
                failures[work] = account.failure
            stage.progress(ended / len(works), f"{ended} of {len(works)} nights ended, {work.night} on {account.host}")
    done = [work for work in works if work not in failures]
    try:
        wait_until_seen({str(work): work.is_done for work in done})
    except NotSeen as unseen:
        if not failures:
            raise
        failures |= {work: str(unseen) for work in done if not work.is_done()}
    if failures:
        by_night = {(work.stage.__name__, work.night): why for work, why in failures.items()}
        raise NightsNotDone(by_night, len(works))


class Batch:
    """Nights in the hands of a cluster."""

    def __init__(self, client: Any, snapshot: Snapshot, gpu: bool):
        self._client = client
        self._execution = settings.current().execution
        self._gpu = gpu and bool(self._hosts(GPU))
        # Made by a task, not scattered: where the worker that holds it dies, Dask makes it again.
        self._snapshot = client.submit(_as_it_is, snapshot, key=f"snapshot-{snapshot.mark}")
        self._pending: dict[Any, NightWork] = {}
        # The workers that a night is for, where it is not for anyone.
        self._named: dict[Any, list[str]] = {}
        self._failed_on: dict[NightWork, set[str]] = {}
        self._workers_seen = time.monotonic()

    def shared_out(self, works: list[NightWork]) -> list[NightWork]:
        """`works`, each told how many of them fall to a worker; to one of those that are still to come, just that."""
        workers = len(self._hosts(GPU if self._gpu else None))
        return [replace(work, share=math.ceil(len(works) / workers) if workers else 1) for work in works]

    def hand_over(self, work: NightWork) -> None:
        """Give the night to the cluster, to a host on which it has not failed where there is one."""
        elsewhere = self._elsewhere(self._failed_on.setdefault(work, set()))
        future = self._client.submit(
            _on_worker,
            work,
            self._snapshot,
            key=f"{work}-{uuid.uuid4().hex}",
            # Workers named have what is wanted already.
            resources={GPU: 1} if self._gpu and not elsewhere else None,
            # And no other: a host where nights fail at once is idle, and an idle one would take them back.
            workers=elsewhere or None,
        )
        self._pending[future] = work
        if elsewhere:
            self._named[future] = elsewhere

    def _elsewhere(self, failed_on: set[str]) -> list[str]:
        """Workers on other hosts than those on which a night has failed; with a GPU, if it wants one and there are."""
        if not failed_on:
            return []
        for resource in (GPU, None) if self._gpu else (None,):
            if others := [address for address, host in self._hosts(resource).items() if host not in failed_on]:
                return others
        return []

    def accounts(self) -> Iterator[tuple[NightWork, Account]]:
        """The nights as they end. Raises NoCluster where the scheduler, or every worker, stays away."""
        tries: Counter[NightWork] = Counter()
        while self._pending:
            for future in self._ended():
                self._workers_seen = time.monotonic()
                work = self._pending.pop(future)
                self._named.pop(future, None)
                account = _account(future)
                future.release()
                tries[work] += 1
                if account.failure and not account.is_final and tries[work] <= self._execution.retries:
                    self._try_again(work, account)
                else:
                    yield work, account

    def _try_again(self, work: NightWork, account: Account) -> None:
        account.tell()
        why = reason(account.failure)
        logger.warning("%s failed on %s and is tried again, elsewhere if it can be: %s", work, account.host, why)
        self._failed_on[work].add(account.host)
        self.hand_over(work)

    def _ended(self) -> Iterable[Any]:
        from distributed import CancelledError, wait

        try:
            return wait(list(self._pending), timeout=LOOKED_EVERY_S, return_when="FIRST_COMPLETED").done
        except TimeoutError:
            self._look_at_cluster()
            return ()
        except CancelledError:  # nobody but a scheduler that has gone cancels the run's nights
            raise NoCluster(GONE) from None

    def _look_at_cluster(self) -> None:
        if self._client.status != "running":
            raise NoCluster(GONE)
        now = time.monotonic()
        if hosts := self._hosts():
            self._workers_seen = now
            self._hand_over_again([future for future, named in self._named.items() if hosts.keys().isdisjoint(named)])
        elif now - self._workers_seen > (patience := self._execution.worker_timeout_s):
            raise NoCluster(
                f"the Dask cluster had no worker for {patience:g} s ([execution] worker_timeout_s):"
                " start some (`dask worker`)"
            )
        if self._gpu and not self._hosts(GPU):
            self._do_without_gpu()

    def _do_without_gpu(self) -> None:
        logger.warning("no worker announces a GPU any more: nights that wait for one are done anywhere")
        self._gpu = False
        self._hand_over_again(list(self._pending))

    def _hand_over_again(self, futures: Iterable[Any]) -> None:
        """Give nights that wait for workers that have gone to those that there are."""
        for future in futures:
            work = self._pending.pop(future)
            self._named.pop(future, None)
            future.cancel()
            self.hand_over(work)

    def _hosts(self, resource: str | None = None) -> dict[str, str]:
        """The host of each worker that there is, by its address; of those alone that announce `resource`."""
        within_s = self._execution.scheduler_timeout_s
        try:
            told = self._client.sync(self._client.scheduler.identity, n_workers=-1, callback_timeout=within_s)
        except OSError:  # closed, or timed out: somebody may hold the connection and say nothing
            raise NoCluster(GONE) from None
        return {
            address: worker["host"]
            for address, worker in told["workers"].items()
            if resource is None or worker["resources"].get(resource)
        }


def _as_it_is(snapshot: Snapshot) -> Snapshot:
    return snapshot


def _on_worker(work: NightWork, snapshot: Snapshot) -> Account:
    from distributed import get_worker
    from distributed.comm import get_address_host

    account = account_of(work, snapshot)
    account.host = get_address_host(get_worker().address)
    return account


def _account(future: Any) -> Account:
    """What the worker told; where it could not tell any more, what became of it."""
    from distributed.scheduler import KilledWorker

    if future.status == "finished":
        return future.result()
    if future.status != "error":
        raise NoCluster(GONE)
    error = future.exception()
    if isinstance(error, KilledWorker):
        why = f"every worker that began it died, the last at {error.last_worker.address}"
        return Account(error.last_worker.host, failure=why, is_final=True)
    return Account("a worker", failure=f"{type(error).__name__}: {error}")
