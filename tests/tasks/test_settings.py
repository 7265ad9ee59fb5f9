"""The configuration file: one file, every key known, every mistake named with its remedy."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from allsky.errors import BadConfiguration
from models.recipe import TrainingRecipe
from tasks import settings
from tasks.sections import Training

ROOT = Path(__file__).resolve().parents[2]
SITE = "[site]\nname = fsmi\nlatitude = 60.03\nlongitude = -111.93\n"


@pytest.fixture
def configured(tmp_path):
    """Writes a configuration and loads it."""

    def load(text: str, site: str = SITE) -> settings.Settings:
        path = tmp_path / "luigi.cfg"
        path.write_text(site + text)
        return settings.load(path)

    return load


def test_the_shipped_configurations_are_readable():
    for path in [ROOT / "luigi.cfg", *sorted((ROOT / "examples").glob("*.cfg"))]:
        assert settings.load(path).site.name


def test_relative_paths_are_relative_to_the_file(configured, tmp_path):
    here = configured("[archive]\nvideos = my videos\noutput = ../out\n")
    assert here.videos == tmp_path / "my videos"
    assert here.output == tmp_path.parent / "out"


def test_percent_signs_are_taken_as_they_are(configured):
    here = configured("[archive]\nnight_from_name = cam_%Y%m%d.mp4\n[camera]\nclock_format = %Y-%m-%d %H:%M:%S\n")
    assert here.archive.night_from_name == "cam_%Y%m%d.mp4"
    assert here.clock("2020-01-01").formats == ("%Y-%m-%d %H:%M:%S",)


def test_a_date_and_a_time_that_stand_apart_are_given_on_a_line_each(configured):
    here = configured(
        "[camera]\nclock_box =\n    8, 8, 120, 20\n    400, 270, 110, 20\nclock_format = %d/%m/%Y\n    %H:%M:%S\n"
    ).clock("2024-01-01")
    assert here.boxes == ((8, 8, 120, 20), (400, 270, 110, 20))
    assert here.formats == ("%d/%m/%Y", "%H:%M:%S")


def test_a_comment_follows_a_value_after_a_single_blank(configured):
    here = configured("[sampling]\ncadence_s = 30 # twice a minute\n[camera]\nclock_timezone = UTC ; no summer time\n")
    assert (here.sampling.cadence_s, here.camera("2024-01-01").clock_timezone) == (30, "UTC")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[sampling]\ncadance_s = 60\n", "did you mean 'cadence_s'?"),
        ("[archiv]\nvideos = x\n", "did you mean 'archive'?"),
        ("[sampling]\ncadence_s = often\n", "[sampling] cadence_s = often: expected a number"),
        ("[sampling]\ncadence_s = 0\n", "at least 1"),
        ("[camera]\ndisk_center = 1\ndisk_radius = 5\n", "expected 2 numbers"),
        ("[camera]\ndisk_center = 100, 100\n", "give both disk_center and disk_radius"),
        ("[archive]\nname_date = evning\n", "did you mean 'evening'?"),
        ("[labels]\nclasses = aurora\n", "at least two different classes"),
        ("[labels]\npositive = cloud\n", "`positive` one of them"),
        (
            "[labels]\ncloudy = aurora\n",
            "cloudy = aurora: expected no_aurora, the name of a further answer, or no such",
        ),
        ("[labels]\nclasses = aurora, arc, none\ncloudy = cloud\n", "cloudy = cloud: expected arc or none, or no such"),
        ("[labels]\ncloudy = No_Aurora\n", "the answers no_aurora and No_Aurora are the same to a sheet"),
        ("[labels]\ncloudy = Unsure\n", "the answers Unsure and unsure are the same"),
        ("[labels]\naudit_share = 0.5\n", "must add up to 1"),
        ("[labels]\nfile = simulated\n[archive]\nvideos = here\n", "simulated answers"),
        ("[camera]\nclock_format = %Q\n", "%Q in the clock format"),
        ('[camera]\nclock_format = "%Y-%m-%d %H:%M"\n', "without the quotes"),
        ("[camera]\nclock_format = hello\n", "has no time of day"),
        ("[camera]\nclock_box = -5, 0, 0, 10\n", "none of them negative"),
        ("[camera]\nclock_box = 5, 0, 10\n", "four numbers separated by commas"),
        ("[camera]\nclock_format = %d/%m/%Y\n    %Y\n", "of a date and of a time apart from it"),
        ("[camera]\nclock_format = %d/%m/%Y %H:%M\n    %H:%M:%S\n", "of a date and of a time apart from it"),
        ("[camera]\nclock_format = %d/%m/%Y\n", "give both formats"),
        ("[training]\nstrategy = foo\n", "expected one of two_stage, finetune, frozen, scratch"),
        ("[camera]\nclock_timezone = 37\n", ", ..."),
        ("[camera]\nclock_timezone = America/Yelowknife\n", "did you mean 'America/Yellowknife'?"),
        ("[conditions]\nnight_below_deg = -3\n", "must rise"),
        ("[training]\nstrategy = frozen\nweights = none\n", "teaches nothing"),
        ("[training]\nstrategy = scratch\nweights = imagenet\n", "would be ignored"),
        ("site\n", "cannot be read"),
    ],
)
def test_a_mistake_is_named_with_what_would_be_right(configured, text, told):
    with pytest.raises(BadConfiguration) as error:
        configured(text)
    assert told in str(error.value)


def test_an_answer_about_clouds_is_a_class_or_a_key_of_its_own(configured):
    own = configured("[labels]\ncloudy = cloud\n").labels
    assert (own.cloud_key, own.answers, own.negative) == ("cloud", ("aurora", "no_aurora", "cloud"), "no_aurora")
    one_of_them = configured("[labels]\nclasses = aurora, clear, cloud\ncloudy = cloud\n").labels
    assert (one_of_them.cloud_key, one_of_them.answers) == (None, ("aurora", "clear", "cloud"))


@pytest.mark.parametrize(
    ("site", "told"),
    [
        ("", "[site] name"),
        ("[site]\nname = a b\nlatitude = 1\nlongitude = 1\n", "[site] name = 'a b'"),
        ("[site]\nname = a\nlatitude = 91\nlongitude = 1\n", "latitude and longitude"),
        ("[site]\nname = a\n", "latitude and longitude"),
    ],
)
def test_a_site_without_place_or_name_is_refused(configured, site, told):
    with pytest.raises(BadConfiguration) as error:
        configured("", site)
    assert told in str(error.value)


def test_a_later_camera_overrides_from_its_date_on(configured):
    here = configured(
        "[camera]\nimage_size = 300\nclock_timezone = UTC\n[camera:2024-02-01]\nimage_size = 400\n"
        "[camera:2023-02-01]\nclock_timezone = -07:00\n"
    )
    assert [here.camera(night).image_size for night in ("2022-01-01", "2024-01-31", "2024-02-01")] == [300, 300, 400]
    assert here.camera("2024-03-01").clock_timezone == "-07:00"
    assert here.camera_since("2023-06-01") == "2023-02-01"


def test_luigis_own_sections_pass(configured):
    assert configured("[worker]\nkeep_alive = true\n[core]\nworkers = 3\n").site.name == "fsmi"


def test_defaults_are_the_published_design(configured):
    """Bins, split shares and training of the aurora-gradcam work; see docs/science."""
    here = configured("")
    assert here.bins.solar_edges == (-18.0, -12.0, -6.0, -0.833)
    assert (here.training_recipe.backbone, here.training_recipe.weights) == ("efficientnet_b1", "imagenet")
    assert here.training_recipe.stages == (("frozen", 6), ("full", 6))
    assert (here.sampling.cadence_s, here.camera("2020-01-01").image_size) == (60, 720)


def test_everything_that_a_training_recipe_says_can_be_set():
    from_labels = {"classes", "positive"}
    assert {field.name for field in fields(TrainingRecipe)} - from_labels <= {field.name for field in fields(Training)}
