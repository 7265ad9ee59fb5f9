import os
import socket

import pytest
import torch

from allsky.corpus import Corpus
from models.checkpoint import Checkpoint
from tasks.checkpoints import checkpoint_of, sweep_checkpoints


def state(epoch: int, best_epoch: int) -> dict:
    """As a Learner gives it: weights that say which epoch they are of."""
    return {
        "network": {"w": torch.full((1000,), float(epoch))},
        "average": None,
        "optimizer": {"step": epoch},
        "best": {"w": torch.full((1000,), float(best_epoch))},
        "best_epoch": best_epoch,
        "history": [{"epoch": number + 1} for number in range(epoch)],
    }


@pytest.fixture
def kept(tmp_path) -> Checkpoint:
    return Checkpoint(tmp_path / "m.pt", "recipe")


@pytest.mark.parametrize("best_epochs", [[1], [1, 2], [1, 1], [1, 1, 1, 4], [1, 2, 2, 2]])
def test_what_is_read_back_is_what_was_put_aside(kept, best_epochs):
    for number, best in enumerate(best_epochs, start=1):
        kept.save(state(number, best))
    back = kept.load()
    assert back["best"]["w"][0] == best_epochs[-1]
    assert back["network"]["w"][0] == len(best_epochs)
    assert len(back["history"]) == len(best_epochs)


def test_best_weights_are_written_once_and_not_beside_themselves(kept, tmp_path):
    kept.save(state(1, 1))
    assert [path.name for path in tmp_path.iterdir()] == ["m.pt"]
    kept.save(state(2, 1))
    written = (tmp_path / "m.pt.best-1").stat().st_mtime_ns
    kept.save(state(3, 1))
    assert (tmp_path / "m.pt.best-1").stat().st_mtime_ns == written
    kept.save(state(4, 4))
    assert [path.name for path in tmp_path.iterdir()] == ["m.pt"]


def test_another_recipe_or_a_damaged_file_starts_anew(kept, tmp_path):
    kept.save(state(2, 1))
    assert Checkpoint(tmp_path / "m.pt", "another").load() is None
    (tmp_path / "m.pt.best-1").write_bytes(b"torn")
    assert kept.load() is None
    kept.remove()
    assert list(tmp_path.iterdir()) == []


def test_what_is_of_no_use_is_swept_and_the_rest_is_not(tmp_path):
    corpus = Corpus(tmp_path)
    mine = checkpoint_of(corpus, "net-aaaaaaaa")
    names = {
        "net-aaaaaaaa.pt": False,
        "net-aaaaaaaa.pt.best-3": False,
        "net-bbbbbbbb.pt": True,  # the same name by another recipe
        "net-bbbbbbbb.pt.best-1": True,
        "other-cccccccc.pt": False,  # another model, not finished
        "done-dddddddd.pt": True,
        f".net-aaaaaaaa.pt.{socket.gethostname()}~{os.getpid()}": False,  # being written
        f".net-aaaaaaaa.pt.{socket.gethostname()}~999999999": True,  # its process was killed
        ".net-aaaaaaaa.pt.another~999999999": False,  # nobody here can know
    }
    for name in names:
        (mine.parent / name).touch()
    corpus.model_folder("done-dddddddd").mkdir(parents=True)
    (corpus.model_folder("done-dddddddd") / "model.json").touch()
    swept = sweep_checkpoints(corpus, "net-aaaaaaaa")
    assert sorted(path.name for path in swept) == sorted(name for name, stale in names.items() if stale)
    assert {path.name for path in mine.parent.iterdir()} == {name for name, stale in names.items() if not stale}
