"""A worker sees what the run sees, and refuses a run of other code than its own."""

from __future__ import annotations

import pytest

from tasks import snapshot


def test_a_worker_that_did_a_run_refuses_the_next_one_once_that_has_other_code(monkeypatch, empty_archive):
    snapshot.take().adopt()
    with monkeypatch.context() as run:
        run.setattr(snapshot, "code_digest", lambda: "another")
        next_run = snapshot.take()
    with pytest.raises(snapshot.UnfitWorker, match="install the same version"):
        next_run.adopt()
