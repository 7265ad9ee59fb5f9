"""A device with too little memory gets smaller batches; one with enough gets the batch that it is quickest with."""

from __future__ import annotations

import os
import subprocess
import sys

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from allsky.errors import BadModel
from models import batch_size, device
from models.batch_size import SIZES, useful_batch
from models.description import ModelDescription
from models.engines import Ready
from models.inference import OutOfMemory, Predictor
from models.model_folder import Model
from models.streams import Streams

CPU = torch.device("cpu")
SIZE = 8


class Narrow(nn.Module):
    """A network on a device that holds `most` pictures at once, and which batches it was given."""

    def __init__(self, most: int):
        super().__init__()
        self.last, self.most, self.given = nn.Linear(3, 2), most, []

    def forward(self, images):
        self.given.append(len(images))
        if len(images) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return self.last(images.float().mean((2, 3)))


def narrow(most: int) -> Model:
    torch.manual_seed(3)
    return Model(Narrow(most).eval(), ModelDescription(("a", "b"), "a", "resnet18", SIZE, (0.5,) * 3, (0.25,) * 3))


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (21, SIZE, SIZE, 3), dtype=np.uint8)


@pytest.mark.parametrize("engine", ["float32", "auto"])
def test_batches_are_halved_until_they_fit_and_nothing_is_lost(engine, pictures, caplog):
    answers = Predictor(narrow(100), "float32").answer(pictures)
    predictor = Predictor(narrow(3), engine, batch_size=16)
    np.testing.assert_allclose(predictor.answer(pictures), answers, atol=1e-6)
    assert predictor.batch_size == 2
    assert "not enough memory for 16 pictures at once; going on with 8" in caplog.text


def test_once_halved_no_larger_batch_is_tried_again(pictures):
    model = narrow(4)
    predictor = Predictor(model, "float32", batch_size=16)
    predictor.answer(pictures)
    model.network.given.clear()
    predictor.answer(pictures)
    assert max(model.network.given) == 4


def test_memory_that_runs_out_while_engines_are_tried_halves_the_batch_too(pictures):
    predictor = Predictor(narrow(5), "auto", batch_size=8, expected=1000)
    assert predictor.answer(pictures).shape == (21, 2)
    assert predictor.batch_size == 4


def test_a_device_without_memory_for_one_picture_says_what_to_do(pictures):
    with pytest.raises(OutOfMemory, match=r"single picture of 8 pixels in resnet18.*Tried to allocate.*CUDA_VISIBLE"):
        Predictor(narrow(0), "float32").answer(pictures)


def speeds(monkeypatch, of: dict[int, float]) -> None:
    """A clock by which a batch of each size takes as long as these pictures a second say."""
    now = [0.0]

    def answer(self, batch):
        if len(batch) not in of:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        now[0] += len(batch) / of[len(batch)]

    monkeypatch.setattr(Ready, "answer", answer)
    monkeypatch.setattr(batch_size.time, "perf_counter", lambda: now[0])


@pytest.mark.parametrize(
    ("rates", "best"),
    [
        (dict.fromkeys(SIZES, 100.0), 32),
        ({32: 100.0, 64: 180.0, 128: 300.0, 256: 306.0, 512: 310.0, 1024: 250.0}, 128),
        ({32: 100.0, 64: 180.0, 128: 300.0}, 128),
    ],
    ids=["all alike", "levels off", "memory ends"],
)
def test_the_batch_is_the_smallest_that_is_nearly_as_quick_as_any(rates, best, monkeypatch, pictures):
    speeds(monkeypatch, rates)
    assert useful_batch(narrow(9999), None, pictures, CPU) == best


def test_a_whole_trial_is_remembered(monkeypatch, pictures):
    speeds(monkeypatch, dict.fromkeys(SIZES[1:], 200.0) | {32: 100.0})
    model = narrow(9999)
    assert useful_batch(model, None, pictures, CPU) == 64
    speeds(monkeypatch, {})
    assert useful_batch(model, None, pictures, CPU) == 64


def test_a_trial_that_memory_ended_is_made_again(monkeypatch, pictures):
    speeds(monkeypatch, {32: 100.0, 64: 200.0})
    model = narrow(9999)
    assert useful_batch(model, None, pictures, CPU) == 64
    speeds(monkeypatch, {32: 100.0, 64: 200.0, 128: 400.0})
    assert useful_batch(model, None, pictures, CPU) == 128


def test_where_not_even_the_smallest_fits_halving_begins(monkeypatch, pictures):
    speeds(monkeypatch, {})
    with pytest.raises(torch.OutOfMemoryError):
        useful_batch(narrow(9999), None, pictures, CPU)


@pytest.mark.parametrize("expected", [10, 1000])
def test_a_network_of_no_numbers_is_named_whatever_the_engine(expected, pictures):
    model = narrow(9999)
    torch.nn.init.constant_(model.network.last.weight, float("nan"))
    with pytest.raises(BadModel, match=r"resnet18 answers with no number \(NaN\) to 8 of 8 pictures"):
        Predictor(model, batch_size=8, expected=expected).answer(pictures)


def test_no_pictures_have_no_answers():
    assert Predictor(narrow(1)).answer(np.empty((0, SIZE, SIZE, 3), np.uint8)).shape == (0, 2)


def test_while_streams_compute_opencv_leaves_the_cores_to_them():
    before = cv2.getNumThreads()
    with Streams(CPU):
        assert cv2.getNumThreads() == 1
        assert torch.backends.cudnn.enabled and not torch.backends.cudnn.allow_tf32
    assert torch.backends.cudnn.allow_tf32
    assert cv2.getNumThreads() == before


HOLDER = """
import sys
from models.device import _took
print(_took(sys.argv[1]), flush=True)
sys.stdin.readline()
"""


def test_of_several_gpus_each_process_takes_one_and_gives_it_back_when_it_ends(monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(device.tempfile, "tempdir", None)
    command = [sys.executable, "-c", HOLDER, "gpu-a"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ) as other:
        assert other.stdout.readline() == "True\n"
        assert not device._took("gpu-a")
        assert device._took("gpu-b")
        other.kill()
        other.wait()
    assert device._took("gpu-a")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")
def test_on_a_gpu_pictures_and_network_meet(pictures):
    predictor = Predictor(narrow(100), "float32")
    assert predictor.device.type == "cuda"
    assert predictor.answer(pictures).shape == (21, 2)
