"""What stages take of a machine."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import pytest

from tasks import base, machine
from tasks.night_conditions import NightConditions
from tasks.night_frames import NightFrames
from tasks.train_classifier import TrainClassifier


@pytest.mark.parametrize("gpus, taken", [(0, {}), (2, {"gpu": 1})])
def test_training_takes_a_gpu_where_there_is_one(monkeypatch, gpus, taken):
    monkeypatch.setattr(base, "gpus", lambda: gpus)
    assert TrainClassifier(camera="one", model="any").process_resources() == taken


@pytest.mark.parametrize("processes, threads", [(1, 0), (2, 2), (3, 1), (5, 1)])
def test_nights_side_by_side_share_the_cores_for_decoding(monkeypatch, processes, threads):
    monkeypatch.setattr(machine, "cores", lambda: 4)
    # Forks are all begun with the first that is asked.
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("fork")) as pool:
        assert pool.submit(machine.decoding_threads).result(60) == threads


def test_what_reads_videos_takes_a_share_of_decoding():
    assert NightFrames(camera="one", night="2023-01-20").process_resources() == {"decode": 1}
    assert NightConditions(camera="one", night="2023-01-20").process_resources() == {}
