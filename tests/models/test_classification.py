import json
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import ExifTags, Image

from models.classification import Classifier, map_files
from models.description import ModelDescription
from models.inference import predict
from models.model_folder import Model, load_model, save_weights
from models.network import build_network
from pipeline.cli import main
from tests.models.conftest import toy_sky, write_jpeg

SIZE = 48
CLASSES = ("aurora", "no_aurora")
# Orientation 6: to be shown turned clockwise by 90 degrees (EXIF 2.32, table 4.6.5.1).
TURNED = Image.Exif()
TURNED[ExifTags.Base.Orientation] = 6


def described(**more) -> ModelDescription:
    return ModelDescription(CLASSES, "aurora", "squeezenet1_1", SIZE, (0.5,) * 3, (0.25,) * 3, **more)


@pytest.fixture(scope="module")
def model() -> Model:
    torch.manual_seed(0)
    return Model(build_network("squeezenet1_1", 2, SIZE).eval(), described())


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    save_weights(model.network, folder)
    model.description.write(folder)
    return folder


@pytest.fixture
def pictures(tmp_path):
    """A frame as a corpus keeps it, a frame of a camera with its surroundings, and a wall."""
    generator = np.random.default_rng(4)
    kept = toy_sky(True, generator, 160)
    write_jpeg(tmp_path / "kept.jpg", kept)
    framed = np.zeros((240, 320, 3), np.uint8)
    framed[40:200, 80:240] = kept
    cv2.imwrite(str(tmp_path / "framed.png"), framed[..., ::-1])
    write_jpeg(tmp_path / "wall.jpg", generator.integers(90, 110, (240, 320, 3), dtype=np.uint8))
    return [tmp_path / name for name in ("kept.jpg", "framed.png", "wall.jpg")]


def test_a_frame_of_a_corpus_gets_the_probabilities_that_the_corpus_has(model, pictures):
    answer = next(Classifier(model)(pictures[:1]))
    assert list(answer.p.values()) == pytest.approx(predict(model, pictures[:1])[0].tolist(), abs=1e-5)
    assert answer.predicted == max(answer.p, key=answer.p.get)


def test_a_frame_within_its_surroundings_is_cut_to_the_same_sky(model, pictures):
    kept, framed, _ = Classifier(model)(pictures)
    assert framed.p["aurora"] == pytest.approx(kept.p["aurora"], abs=0.01)
    assert "found" in framed.disk


def test_what_is_no_sky_or_no_picture_is_said_to_be_so(model, pictures, tmp_path):
    (tmp_path / "torn.jpg").write_bytes(pictures[0].read_bytes()[:500])
    wall, torn, absent = Classifier(model)([pictures[2], tmp_path / "torn.jpg", tmp_path / "absent.jpg"])
    assert (wall.p, wall.predicted, wall.abstain, wall.unreadable) == (None, None, True, False)
    assert "no round image" in wall.problem
    assert torn.unreadable
    assert absent.unreadable


def test_a_picture_turned_by_its_exif_data_is_met_beside_others(model, pictures, tmp_path):
    with Image.open(pictures[1]) as framed:
        framed.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "turned.jpg", quality=95, exif=TURNED)
    upright, turned = Classifier(model)([pictures[1], tmp_path / "turned.jpg"])
    assert turned.p["aurora"] == pytest.approx(upright.p["aurora"], abs=0.02)


def test_an_orientation_that_is_none_is_passed_over(model, pictures, tmp_path):
    # One entry: the orientation (tag 0x112) as text (type 2) of three letters.
    entry = struct.pack("<HHHI4s", 1, ExifTags.Base.Orientation, 2, 3, b"up")
    with Image.open(pictures[1]) as framed:
        framed.save(tmp_path / "odd.jpg", quality=95, exif=b"Exif\0\0II*\0\x08\0\0\0" + entry + bytes(4))
    with Image.open(tmp_path / "odd.jpg") as odd:
        assert odd.getexif()[ExifTags.Base.Orientation] == "up"
    upright, odd = Classifier(model)([pictures[1], tmp_path / "odd.jpg"])
    assert odd.p["aurora"] == pytest.approx(upright.p["aurora"], abs=0.02)


def test_no_two_pictures_share_a_map():
    def named(*paths, folder=None):
        return [str(target) for target in map_files([Path(path) for path in paths], folder and Path(folder)).values()]

    assert named("a/1.png", "a/2.png") == ["a/1.map.jpg", "a/2.map.jpg"]
    assert named("a/1.png", "a/1.jpg") == ["a/1.png.map.jpg", "a/1.jpg.map.jpg"]
    assert named("a/1.png", "b/1.png") == ["a/1.map.jpg", "b/1.map.jpg"]
    assert named("a/1.png", "b/1.png", folder="m") == ["m/a_1.png.map.jpg", "m/b_1.png.map.jpg"]
    assert len(set(named("/x/a/1.png", "/y/a/1.png", folder="m"))) == 2
    assert named("a/1.png", "a/1.png") == ["a/1.map.jpg"]


def test_an_unsure_model_abstains(model, pictures):
    cautious = Model(model.network, described(abstain_below=1.0))
    answer = next(Classifier(cautious)(pictures[:1]))
    assert answer.abstain
    assert answer.predicted is None
    assert sum(answer.p.values()) == pytest.approx(1, abs=1e-5)


def test_the_command_prints_an_object_a_line_and_draws_maps(folder, pictures, tmp_path):
    assert load_model(folder).description.classes == CLASSES
    maps = tmp_path / "maps"
    asked = ["classify", *map(str, pictures), "--model", str(folder), "--json", "--maps", str(maps)]
    answer = CliRunner().invoke(main, asked)
    assert answer.exit_code == 0, answer.output
    told = [json.loads(line) for line in answer.output.splitlines()]
    assert [line["file"] for line in told] == [str(path) for path in pictures]
    assert all({"file", "p", "predicted", "abstain"} <= set(line) for line in told)
    assert sorted(path.name for path in maps.iterdir()) == ["framed.map.jpg", "kept.map.jpg"]


def test_a_folder_stands_for_its_pictures_but_not_for_maps_drawn_before(folder, pictures):
    asked = ["classify", str(pictures[0].parent), "--model", str(folder), "--explain"]
    first, again = (CliRunner().invoke(main, asked) for _ in range(2))
    assert first.exit_code == 0, first.output
    assert [line.partition(":")[0] for line in first.stdout.splitlines()] == [str(path) for path in sorted(pictures)]
    assert again.stdout == first.stdout
    assert "--disk X,Y,RADIUS" in first.stderr


def test_a_folder_without_pictures_is_told(folder, tmp_path):
    answer = CliRunner().invoke(main, ["classify", str(tmp_path), "--model", str(folder)])
    assert answer.exit_code == 1
    as_json = CliRunner().invoke(main, ["classify", str(tmp_path), "--model", str(folder), "--json"])
    assert json.loads(as_json.stdout)["problem"].startswith(f"{tmp_path} holds no pictures")
    assert f"{tmp_path} holds no pictures: expected files that end in .jpe, .jpeg, .jpg, .png" in answer.stderr


def test_a_video_and_a_disk_that_does_not_fit_are_named_in_the_commands_own_words(folder, pictures, tmp_path):
    (tmp_path / "night.mp4").write_bytes(b"a video")
    video = CliRunner().invoke(main, ["classify", str(tmp_path / "night.mp4"), "--model", str(folder)])
    assert video.exit_code == 1 and "night.mp4 is a video: expected pictures" in video.stdout
    asked = ["classify", str(pictures[0]), "--model", str(folder), "--disk", "100000,2,30"]
    disk = CliRunner().invoke(main, asked)
    assert disk.exit_code == 2 and "--disk: the sky disk" in disk.output and "disk_center" not in disk.output


def test_the_command_names_a_file_that_cannot_be_read_and_a_folder_without_a_model(folder, pictures, tmp_path):
    absent = CliRunner().invoke(main, ["classify", str(tmp_path / "no.jpg"), "--model", str(folder)])
    assert absent.exit_code == 1
    assert "no.jpg cannot be read" in absent.output
    nothing = CliRunner().invoke(main, ["classify", str(pictures[0]), "--model", str(tmp_path)])
    assert nothing.exit_code == 2
    assert "holds no model" in nothing.output


def test_a_map_that_cannot_be_written_names_the_remedy(folder, pictures, tmp_path):
    (tmp_path / "taken").write_text("a file where a folder should be")
    asked = ["classify", str(pictures[0]), "--model", str(folder), "--maps", str(tmp_path / "taken" / "maps")]
    answer = CliRunner().invoke(main, asked)
    assert answer.exit_code == 2
    assert "--maps" in answer.output
