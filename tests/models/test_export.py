import json
import sys
from dataclasses import replace

import numpy as np
import onnxruntime
import pytest
import torch
from click.testing import CliRunner

from allsky.errors import BadModel, MissingTool
from models.description import ModelDescription
from models.export import Check, compare, export_onnx, frames_beside
from models.model_folder import Model
from models.network import build_network
from models.training import train
from pipeline.cli import main

pytest.importorskip("onnxscript", reason="ONNX export is an extra: pip install -c constraints.txt -e '.[onnx]'")
SIZE = 48


@pytest.fixture(scope="module")
def model() -> Model:
    torch.manual_seed(0)
    network = build_network("shufflenet_v2_x0_5", 2, SIZE).eval()
    description = ModelDescription(
        ("aurora", "no_aurora"),
        "aurora",
        "shufflenet_v2_x0_5",
        SIZE,
        (0.5,) * 3,
        (0.25,) * 3,
        contrast="local",
        temperature=0.5,
        threshold=0.4,
    )
    return Model(network, description)


@pytest.fixture(scope="module")
def frames(toy):
    split, root = toy
    return [root / image for image in split["image"]]


@pytest.fixture(scope="module")
def exported(model, frames, tmp_path_factory):
    target = tmp_path_factory.mktemp("onnx") / "model.onnx"
    return target, export_onnx(model, target, frames[:5])


def test_the_exported_file_answers_like_the_model_for_any_number_of_pictures(model, exported, frames):
    target, check = exported
    assert check.frames == 5
    assert check.largest_difference < 1e-4
    assert compare(model, target, frames[5:18]).largest_difference < 1e-4
    session = onnxruntime.InferenceSession(str(target))
    (answers,) = session.run(None, {"pictures": np.zeros((1, SIZE, SIZE, 3), np.uint8)})
    assert answers.sum() == pytest.approx(1, abs=1e-5)


def test_what_a_user_of_the_file_must_know_is_in_it(exported):
    facts = onnxruntime.InferenceSession(str(exported[0])).get_modelmeta().custom_metadata_map
    assert json.loads(facts["classes"]) == ["aurora", "no_aurora"]
    assert json.loads(facts["threshold"]) == 0.4
    assert facts["checked"].startswith("5 frames")


def test_a_file_that_answers_otherwise_is_not_written(model, exported, frames, tmp_path, monkeypatch):
    colder = Model(model.network, replace(model.description, temperature=0.1))
    kept = exported[0].read_bytes()
    monkeypatch.setattr("models.export._write", lambda _, target: target.write_bytes(kept))
    with pytest.raises(BadModel, match="differ from"):
        export_onnx(colder, tmp_path / "m.onnx", frames[:2])
    assert list(tmp_path.iterdir()) == []


def test_an_export_that_nothing_checks_is_refused(model, tmp_path):
    with pytest.raises(BadModel, match="--check"):
        export_onnx(model, tmp_path / "m.onnx", [])


def test_without_onnx_it_is_said_what_to_install(model, frames, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingTool, match=r"-c constraints.txt -e '\.\[onnx\]'"):
        export_onnx(model, tmp_path / "m.onnx", frames)


def test_the_command_finds_validation_frames_of_the_models_own_corpus(toy, quick, tmp_path, monkeypatch):
    split, root = toy
    folder = tmp_path / "models" / "toy"
    train(split, root, quick, folder)
    assert frames_beside(folder) == []
    for row in split[split["split"] == "validation"].itertuples():
        place = tmp_path / "images" / f"night={row.night}" / f"{row.frame_id}.jpg"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes((root / row.image).read_bytes())
    assert len(frames_beside(folder)) == 12
    seen = []

    def export(model, target, frames):
        seen.append(frames)
        return Check(len(frames), 0.0, 1.0)

    monkeypatch.setattr("models.export.export_onnx", export)
    answer = CliRunner().invoke(main, ["export-model", str(folder), str(tmp_path / "m.onnx")])
    assert answer.exit_code == 0, answer.output
    assert "on 12 frames" in answer.output
    assert seen == [frames_beside(folder)]
