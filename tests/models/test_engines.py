"""Engines: each answers what eager float32 does, the quickest one is found by trying and remembered, none is missed."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from allsky.errors import BadConfiguration
from models import engines
from models.description import ModelDescription
from models.engine_memory import Measured, cache_folder
from models.engines import ENGINES, REFERENCE, Ready, choose, engine_named, tried_on
from models.inference import Predictor
from models.model_folder import Model
from models.network import build_network
from models.streams import Streams

CPU = torch.device("cpu")
SIZE = 32


def made(backbone: str) -> Model:
    torch.manual_seed(1)
    network = build_network(backbone, 2, SIZE).eval()
    return Model(network, ModelDescription(("a", "b"), "a", backbone, SIZE, (0.5,) * 3, (0.25,) * 3))


@pytest.fixture(scope="module")
def model() -> Model:
    return made("resnet18")


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (4, SIZE, SIZE, 3), dtype=np.uint8)


@pytest.mark.parametrize("backbone", ["resnet18", "mobilenet_v3_small", "vit_b_16", "convnext_tiny"])
def test_bfloat16_answers_nearly_as_float32_with_any_kind_of_network(backbone, pictures):
    model = made(backbone)
    exact, near = (Ready(model, ENGINES[name], CPU).answer(pictures) for name in ("float32", "bfloat16"))
    np.testing.assert_allclose(near, exact, atol=0.02)
    np.testing.assert_allclose(near.sum(axis=1), 1.0)


def test_folding_leaves_no_batch_normalisation_and_the_model_as_it_was(model):
    light = engines._lightened(model.network, torch.bfloat16)
    assert not [module for module in light.modules() if isinstance(module, nn.BatchNorm2d)]
    assert [module for module in model.network.modules() if isinstance(module, nn.BatchNorm2d)]
    assert {value.dtype for value in model.network.parameters()} == {torch.float32}


def test_a_network_that_cannot_be_traced_is_computed_all_the_same(pictures):
    class Branching(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.last = nn.Conv2d(3, 4, 3), nn.Linear(4, 2)

        def forward(self, images):
            seen = self.first(images).mean((2, 3))
            return self.last(seen if seen.sum() > 0 else -seen)

    model = Model(Branching().eval(), ModelDescription(("a", "b"), "a", "", SIZE, (0.5,) * 3, (0.25,) * 3))
    exact, near = (Ready(model, ENGINES[name], CPU).answer(pictures) for name in ("float32", "bfloat16"))
    np.testing.assert_allclose(near, exact, atol=0.02)


@pytest.mark.parametrize("backbone", ["resnet18", "efficientnet_b0", "vit_b_16", "convnext_tiny"])
def test_onnx_answers_as_float32_to_any_number_of_pictures(backbone, pictures):
    model = made(backbone)
    exact, onnx = (Ready(model, ENGINES[name], CPU) for name in ("float32", "onnx"))
    assert not onnx.doubtful(np.array([[0.5, 0.5]])).any()
    for n in (1, 4):
        np.testing.assert_allclose(onnx.answer(pictures[:n]), exact.answer(pictures[:n]), atol=1e-5)


def test_16_bits_are_tried_only_where_the_processor_has_them(monkeypatch):
    for has in (True, False):
        monkeypatch.setattr(engines, "has_bfloat16", lambda has=has: has)
        exact = {"float32", "compiled_float32", "onnx"}
        assert {engine.name for engine in tried_on(CPU)} == exact | ({"bfloat16", "compiled"} if has else set())
    assert {engine.name for engine in tried_on(torch.device("cuda"))} == {"float32", "float16", "compiled"}


@pytest.fixture
def halved(monkeypatch) -> None:
    """Engines to choose among: the reference and bfloat16, whatever this processor has."""
    monkeypatch.setattr(engines, "tried_on", lambda device: [REFERENCE, ENGINES["bfloat16"]])


def chosen(model, pictures, expected, batch_size=4) -> Ready:
    with Streams(CPU) as streams:
        return choose(model, pictures, expected, streams, CPU, Measured.of(model.description, batch_size, CPU))


def test_engines_are_tried_once_and_what_they_did_is_remembered(model, pictures, halved):
    chosen(model, pictures, expected=engines.TRY_FROM)
    (known,) = json.loads((cache_folder() / "engines.json").read_text()).values()
    assert set(known["images_per_s"]) == {"float32", "bfloat16"}
    assert all(rate > 0 for rate in known["images_per_s"].values())
    # Nothing is measured again: what is remembered decides, whatever it says.
    for quickest in ("float32", "bfloat16"):
        memory = Measured.of(model.description, 4, CPU)
        memory.rates = dict.fromkeys(memory.rates, 1.0) | {quickest: 100.0}
        memory.note(quickest, 100.0)
        assert chosen(model, pictures, expected=engines.TRY_FROM).engine.name == quickest


def test_for_a_few_pictures_nothing_is_tried(model, pictures):
    assert chosen(model, pictures, expected=engines.TRY_FROM - 1).engine is REFERENCE
    assert not (cache_folder() / "engines.json").exists()


def test_compiling_is_for_those_who_have_pictures_enough_for_it():
    memory = Measured("", {"float32": 50.0, "bfloat16": 100.0, "compiled": 200.0}, {"compiled": 60.0})
    # 60 s of compiling are won back by 5 ms a picture after 12,000 of them.
    assert memory.quickest(list(ENGINES), 11_999) == "bfloat16"
    assert memory.quickest(list(ENGINES), 12_001) == "compiled"


def test_computing_twice_gives_way_to_exact_numbers_alone_where_that_is_quicker():
    rates = {"float32": 50.0, "compiled": 150.0, "compiled_float32": 80.0}
    memory = Measured("", rates, {"compiled": 10.0, "compiled_float32": 20.0})
    exact = ["float32", "compiled_float32"]
    # 1/150 + share/50 is 1/80 at a share of 0.29; the 20 s of compiling are 0.1 of it over 10,000 pictures.
    for share, pictures, alone in (
        (0.28, 10**9, None),
        (0.30, 10**9, "compiled_float32"),
        (0.38, 10_000, None),
        (0.40, 10_000, "compiled_float32"),
        (0.65, 1_000, None),
        (0.67, 1_000, "float32"),
    ):
        assert memory.quicker_alone("compiled", share, "float32", exact, pictures) == alone
    unmeasured = Measured("")
    assert unmeasured.quicker_alone("compiled", 0.5, "float32", exact, 10**9) is None
    assert unmeasured.quicker_alone("compiled", 0.51, "float32", exact, 0) == "float32"


def test_an_engine_that_fails_is_left_out_said_and_not_tried_again(model, pictures, monkeypatch, caplog):
    def no_compiler(*_, **__):
        raise RuntimeError("no C++ compiler found")

    monkeypatch.setattr(torch, "compile", no_compiler)
    assert chosen(model, pictures, expected=engines.COMPILE_FROM).engine.name in ("float32", "bfloat16", "onnx")
    assert "compiled_float32 engine cannot be used" in caplog.text
    assert "no C++ compiler found" in caplog.text
    caplog.clear()
    chosen(model, pictures, expected=engines.COMPILE_FROM)
    assert not caplog.text


def test_an_engine_that_lacked_memory_is_tried_again_by_the_next_process(model, pictures, monkeypatch, halved):
    def no_room(network, dtype):
        raise torch.OutOfMemoryError("another job holds the memory")

    monkeypatch.setattr(engines, "_lightened", no_room)
    assert chosen(model, pictures, expected=engines.TRY_FROM).engine is REFERENCE
    assert "bfloat16" not in Measured.of(model.description, 4, CPU).rates


def test_an_engine_that_answers_otherwise_is_not_used(model, pictures, monkeypatch, halved):
    def spoilt(network, dtype):
        return nn.Sequential(network, nn.Linear(2, 2, bias=True).requires_grad_(False)).eval()

    monkeypatch.setattr(engines, "_lightened", spoilt)
    monkeypatch.setattr(engines, "FARTHEST", 1e-6)
    assert chosen(model, pictures, expected=engines.TRY_FROM).engine is REFERENCE
    # Another model of the same network may do better: that is not remembered.
    assert Measured.of(model.description, 4, CPU).rates.get("bfloat16") != 0.0


def test_where_nothing_can_be_remembered_it_is_tried_each_time(model, pictures, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert chosen(model, pictures, expected=engines.TRY_FROM).engine.name in ENGINES


@pytest.mark.slow
@pytest.mark.parametrize(("name", "off"), [("compiled", 0.02), ("compiled_float32", 1e-5)])
def test_a_compiled_network_answers_as_float32_and_gives_the_threads_back(name, off, pictures):
    model, threads = made("squeezenet1_1"), torch.get_num_threads()
    torch.set_num_threads(2)  # two streams
    with Streams(CPU) as streams:
        compiled = Ready(model, ENGINES[name], CPU)
        (first,) = streams.map(compiled.answer, [pictures])
        rest = list(streams.map(compiled.answer, [pictures] * 4))
    exact = Ready(model, REFERENCE, CPU).answer(pictures)
    for answers in (first, *rest):
        np.testing.assert_allclose(answers, exact, atol=off)
    assert torch.get_num_threads() == 2
    torch.set_num_threads(threads)


def test_streams_that_overlap_leave_the_process_as_the_first_found_it():
    before = cv2.getNumThreads()
    cv2.setNumThreads(2)
    with_tf32 = torch.backends.cudnn.allow_tf32
    first, second = Streams(CPU), Streams(CPU)
    first.__enter__()
    second.__enter__()
    first.__exit__()
    assert (cv2.getNumThreads(), torch.backends.cudnn.allow_tf32) == (1, False)
    second.__exit__()
    assert (cv2.getNumThreads(), torch.backends.cudnn.allow_tf32) == (2, with_tf32)
    cv2.setNumThreads(before)


def test_an_engine_that_fails_with_all_streams_at_work_is_left_out(model, pictures, halved, monkeypatch):
    def rate(trials, ready):
        if ready.engine is not REFERENCE:
            raise RuntimeError("all streams at once are too many")
        return 1.0

    monkeypatch.setattr(engines._Trials, "_images_per_s", rate)
    assert chosen(model, pictures, expected=engines.TRY_FROM).engine is REFERENCE


def test_a_predictor_says_which_engine_it_uses_and_refuses_an_unknown_one(model, pictures):
    predictor = Predictor(model, "bfloat16")
    predictor.answer(pictures)
    assert predictor.engine is ENGINES["bfloat16"]
    assert engine_named("auto") is None
    with pytest.raises(BadConfiguration, match="float32, bfloat16, float16, compiled"):
        Predictor(model, "float8")
