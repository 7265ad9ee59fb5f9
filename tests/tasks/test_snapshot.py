"""A worker sees what the run sees, and refuses a run of other code than its own."""

from __future__ import annotations

import pytest

from allsky.corpus import Corpus
from allsky.tables import VIDEOS
from tasks import archive, settings, snapshot


@pytest.fixture
def empty_archive(monkeypatch, tmp_path):
    """This process sees an archive without videos, until the test ends."""
    (tmp_path / "luigi.cfg").write_text(
        f"[archive]\nvideos = {tmp_path}\noutput = {tmp_path / 'output'}\n"
        "[site]\nname = kiruna\nlatitude = 67.8\nlongitude = 20.4\nelevation_m = 400\n"
    )
    monkeypatch.setenv("LUIGI_CONFIG_PATH", str(tmp_path / "luigi.cfg"))
    monkeypatch.setattr(settings._Assumed, "settings", None)
    monkeypatch.setattr(snapshot._Adopted, "mark", "")
    settings.current.cache_clear()
    monkeypatch.setattr(archive._Assumed, "inventory", archive.Inventory(VIDEOS.empty(), [], tmp_path))
    record = Corpus(tmp_path / "output").record
    record.parent.mkdir()
    record.touch()
    yield
    settings.current.cache_clear()


def test_a_worker_that_did_a_run_refuses_the_next_one_once_that_has_other_code(monkeypatch, empty_archive):
    snapshot.take().adopt()
    with monkeypatch.context() as run:
        run.setattr(snapshot, "code_digest", lambda: "another")
        next_run = snapshot.take()
    with pytest.raises(snapshot.UnfitWorker, match="install the same version"):
        next_run.adopt()
