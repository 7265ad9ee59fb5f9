"""An exported file is read by other libraries, says what it holds by CF and ACDD, and is never in memory whole."""

from __future__ import annotations

import json
import weakref

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from allsky.conditions import LUNAR_BINS, SOLAR_BINS
from allsky.export import exported_table, global_attributes, variables, write_csv, write_netcdf, write_parquet
from tests.allsky import report_corpus as corpus

CLASSES = ("aurora", "no_aurora")
NOW = pd.Timestamp("2024-12-01T10:00:00Z")
ABOUT = global_attributes(corpus.SITE, "resnet18-1a2b", "0.1.0", NOW, {"institution": "University of Somewhere"})


@pytest.fixture(scope="module")
def joined():
    """What `open_corpus` gives of three months."""
    frames = corpus.frames()
    return frames.merge(corpus.predictions(frames).drop(columns=["night", "utc"]), on="frame_id", how="left")


@pytest.fixture(scope="module")
def months(joined):
    return [exported_table(month, corpus.SITE, CLASSES) for _, month in joined.groupby(joined["night"].str[:7])]


@pytest.fixture(scope="module")
def netcdf(months, tmp_path_factory):
    pytest.importorskip("netCDF4")
    path = tmp_path_factory.mktemp("export") / "frames.nc"
    assert write_netcdf(path, months, variables(CLASSES), corpus.SITE, ABOUT) == sum(map(len, months))
    return path


def test_xarray_reads_every_number_back(netcdf, months):
    xarray = pytest.importorskip("xarray")
    whole = pd.concat(months, ignore_index=True)
    with xarray.open_dataset(netcdf, decode_timedelta=False) as data:
        assert (data["time"].to_index() == whole["utc"].dt.tz_localize(None)).all()
        for name in ("sun_altitude_deg", "moon_illuminated_fraction", "p_aurora", "magnetic_local_time_h"):
            np.testing.assert_allclose(data[name], whole[name].astype(float), rtol=1e-12)
        assert data["frame_id"].values.tolist() == whole["frame_id"].tolist()
        words = np.array(data["predicted"].attrs["flag_meanings"].split())
        assert (words[data["predicted"].values.astype(int)] == whole["predicted"]).all()
        assert data["latitude"].item() == corpus.SITE.latitude_deg and data["station"].item() == "yknf"


def test_time_place_and_codes_are_described_as_cf_asks(netcdf):
    netcdf4 = pytest.importorskip("netCDF4")
    with netcdf4.Dataset(netcdf) as file:
        time = file["time"]
        assert (time.standard_name, time.units, time.calendar) == (
            "time",
            "seconds since 1970-01-01T00:00:00Z",
            "standard",
        )
        assert (np.diff(time[:]) > 0).all()
        assert file["sun_altitude_deg"].standard_name == "solar_elevation_angle"
        assert file["sun_altitude_deg"].units == "degree"
        assert file["solar_bin"].flag_meanings.split() == list(SOLAR_BINS)
        assert file["lunar_bin"].flag_values.tolist() == list(range(len(LUNAR_BINS)))
        assert file["lunar_bin"].flag_values.dtype == file["lunar_bin"].dtype
        assert file["p_aurora"].coordinates.split() == ["latitude", "longitude", "altitude", "station"]
        assert all(variable.long_name for variable in file.variables.values())
        assert (file.featureType, file["station"].cf_role) == ("timeSeries", "timeseries_id")


def test_the_file_says_of_itself_what_acdd_asks(netcdf, months):
    netcdf4 = pytest.importorskip("netCDF4")
    with netcdf4.Dataset(netcdf) as file:
        assert file.title and file.summary and file.keywords
        assert "resnet18-1a2b" in file.source and "2024-12-01T10:00:00Z" in file.history
        assert file.institution == "University of Somewhere"
        assert file.geospatial_lat_min == file.geospatial_lat_max == corpus.SITE.latitude_deg
        assert file.time_coverage_start == f"{months[0]['utc'].iloc[0]:%Y-%m-%dT%H:%M:%SZ}"
        assert file.time_coverage_end == f"{months[-1]['utc'].iloc[-1]:%Y-%m-%dT%H:%M:%SZ}"


def test_frames_in_doubt_and_instants_that_came_before_are_left_out(joined, months, tmp_path):
    assert sum(map(len, months)) == joined["clock_flag"].isna().sum()
    again = [months[0], months[0].iloc[-5:], months[1]]
    rows = write_parquet(tmp_path / "frames.parquet", again, variables(CLASSES), corpus.SITE, ABOUT)
    assert rows == len(months[0]) + len(months[1])


def test_parquet_and_csv_hold_the_same_and_say_what_each_column_is(months, tmp_path):
    whole = pd.concat(months, ignore_index=True)
    write_parquet(tmp_path / "frames.parquet", months, variables(CLASSES), corpus.SITE, ABOUT)
    write_csv(tmp_path / "frames.csv", months, variables(CLASSES), corpus.SITE, ABOUT)
    stored = pq.read_table(tmp_path / "frames.parquet")
    pd.testing.assert_frame_equal(stored.to_pandas(), whole, check_dtype=False)
    read = pd.read_csv(tmp_path / "frames.csv", parse_dates=["utc"])
    np.testing.assert_allclose(read["sun_altitude_deg"], whole["sun_altitude_deg"], atol=1e-6)
    assert (read["utc"] == whole["utc"]).all() and (read["predicted"] == whole["predicted"]).all()
    field = stored.schema.field("sun_altitude_deg").metadata
    assert (field[b"standard_name"], field[b"units"]) == (b"solar_elevation_angle", b"degree")
    about = json.loads(pq.read_metadata(tmp_path / "frames.parquet").metadata[b"acdd"])
    assert about["site"] == "yknf" and about["time_coverage_start"]
    told = json.loads((tmp_path / "frames.csv-metadata.json").read_text())
    assert [column["name"] for column in told["tableSchema"]["columns"]] == list(read.columns)
    assert told["tableSchema"]["columns"][4]["cf:units"] == "degree"


@pytest.mark.parametrize("write", [write_netcdf, write_csv, write_parquet])
def test_no_month_is_held_once_the_next_is_written(months, tmp_path, write):
    pytest.importorskip("netCDF4")
    seen: list[weakref.ref] = []
    alive = []

    def passing():
        for month in months:
            alive.append(sum(one() is not None for one in seen))
            given = month.copy()
            seen.append(weakref.ref(given))
            yield given
            del given

    write(tmp_path / "frames", passing(), variables(CLASSES), corpus.SITE, ABOUT)
    assert len(alive) == len(months) and max(alive) <= 1


@pytest.mark.parametrize("write", [write_netcdf, write_csv, write_parquet])
def test_nothing_to_export_is_a_file_with_columns_and_no_rows(months, tmp_path, write):
    pytest.importorskip("netCDF4")
    assert write(tmp_path / "frames", [months[0].iloc[:0]], variables(()), corpus.SITE, ABOUT) == 0
    assert (tmp_path / "frames").stat().st_size > 0


def test_a_class_of_two_words_is_one_word_among_flags(joined):
    classes = ("bright aurora", "none")
    said = joined.assign(**{"p_bright aurora": 0.5, "p_none": 0.5, "predicted": "bright aurora"})
    assert set(exported_table(said, corpus.SITE, classes)["predicted"]) == {"bright_aurora"}
    assert variables(classes)[-1].flags == ("bright_aurora", "none")
