"""Which engine does the nights of a run: the one that `[execution] engine` names, and what it needs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from tasks import settings
from tasks.dask_cluster import cluster
from tasks.dask_engine import DaskEngine
from tasks.engine import in_force


@contextlib.contextmanager
def chosen_engine() -> Iterator[None]:
    """It is in force meanwhile, and what it needs is there. Raises AllskyError where that cannot be had."""
    if settings.current().execution.engine == "local":
        yield
        return
    with cluster(), in_force(DaskEngine()):
        yield
