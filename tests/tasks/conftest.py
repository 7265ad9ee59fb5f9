"""What several tests of stages begin with."""

from __future__ import annotations

import pytest

from allsky.corpus import Corpus
from allsky.tables import VIDEOS
from tasks import archive, identity, settings, snapshot


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
    record.write_text('{"camera": "kiruna", "mark": "1a2b"}')
    identity.corpus_name.cache_clear()
    yield
    settings.current.cache_clear()
    identity.corpus_name.cache_clear()
