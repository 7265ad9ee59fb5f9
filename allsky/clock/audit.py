"""Do a night's times agree with what does not come from its clock?

Three witnesses, each saying what it can and cannot contradict: the date in the file's name, the twilight in the
pictures, the moon in them. A witness that cannot be used says so; that is never agreement.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd

from allsky.clock.moon_witness import moon_places
from allsky.clock.twilight_witness import ClockOffset, twilight_offset
from allsky.site import Site, night_of
from allsky.spread import spread
from allsky.square_view import SquareView
from allsky.tables import TESTIMONY

AGREES, CONTRADICTS, NOT_CHECKED = "agrees", "contradicts", "not checked"
VERDICTS = (AGREES, CONTRADICTS, NOT_CHECKED)
NAME, TWILIGHT, MOON = "file name", "twilight", "moon"
SECONDS_PER_DAY = 86_400.0

# Twilight tells hours apart, not less: of 73 simulated nights the best offset was never off by more than 40 minutes.
TWILIGHT_AGREES_MIN, TWILIGHT_TELLS_MIN = 40.0, 100.0

# Pictures of a night that are searched for the moon.
PICTURES_SEARCHED = 24
# A moon this high is looked for, one this low must not be seen (its glare reaches above the horizon).
MOON_UP_DEG, MOON_DOWN_DEG, LEAST_LIT = 10.0, -6.0, 0.3
# The moon moves 13 degrees a day: this near it agrees with the date, this far it does not. In between nothing is said.
NEAR_DEG, FAR_DEG = 5.0, 10.0
# Sightings that are needed to say anything.
FEWEST_SIGHTINGS, FEWEST_STRANGE = 4, 6
# The sky turns 15 degrees an hour; a sighting is followed over so many hours at most.
TURN_DEG_PER_HOUR, SLACK_DEG, LONGEST_LOOK_AWAY_H = 16.0, 2.0, 2.0
# The moon, never far from the sky's equator, moves at least so fast.
LEAST_DEG_PER_HOUR = 10.0


def audit_night(
    night: str, named: bool, frames: pd.DataFrame, site: Site, squares: Sequence[np.ndarray], view: SquareView
) -> pd.DataFrame:
    """What each witness says of one night: the table TESTIMONY.

    `named` says whether `night` comes from the files' names. `frames` are the night's in order of time (`utc`,
    `mean_luma`, `clock_flag`, `moon_altitude_deg`, `moon_azimuth_deg`, `moon_illuminated_fraction`); `squares`, uint8
    (size, size, 3), are the pictures of those that `looked_at` names, seen through `view`.
    """
    sure = frames[frames["clock_flag"].isna()]
    heard = [
        _name_says(night, named, sure, site),
        _twilight_says(twilight_offset(sure["utc"], sure["mean_luma"].to_numpy(), site)),
        _moon_says(frames.iloc[looked_at(frames)], squares, view),
    ]
    return pd.DataFrame(heard, columns=TESTIMONY.names)


def looked_at(frames: pd.DataFrame) -> list[int]:
    """Positions of the frames whose pictures are searched for the moon: some unflagged ones, spread over the night."""
    sure = np.flatnonzero(frames["clock_flag"].isna())
    return sure[spread(len(sure), PICTURES_SEARCHED)].tolist()


def _said(witness: str, verdict: str, says: str, offset: tuple[float, float, float] | None = None) -> tuple:
    return (witness, verdict, *(offset or (np.nan,) * 3), says)


# The name.


def _name_says(night: str, named: bool, sure: pd.DataFrame, site: Site) -> tuple:
    if not named or sure.empty:
        return _said(NAME, NOT_CHECKED, "the names tell no date" if not named else "no frame has a sure time")
    nights = pd.Series(night_of(sure["utc"], site.longitude_deg), dtype=object)
    shown = str(nights.mode().iloc[0])
    if shown == night:
        return _said(NAME, AGREES, f"{(nights == night).mean():.0%} of the frames are of the night that the name says")
    off = (date.fromisoformat(shown) - date.fromisoformat(night)).days * SECONDS_PER_DAY
    return _said(NAME, CONTRADICTS, f"the name says the night {night}, the clock {shown}", (off, off, off))


# The twilight.


def _twilight_says(found: ClockOffset | None) -> tuple:
    if found is None:
        return _said(TWILIGHT, NOT_CHECKED, "too few frames to tell")
    offset = (found.minutes * 60, found.low * 60, found.high * 60)
    if found.high - found.low > TWILIGHT_TELLS_MIN:
        return _said(TWILIGHT, NOT_CHECKED, "dusk and dawn are not both to be seen", offset)
    if abs(found.minutes) <= TWILIGHT_AGREES_MIN:
        return _said(TWILIGHT, AGREES, "the sky brightens when the sun says so", offset)
    ahead = "ahead of" if found.minutes > 0 else "behind"
    return _said(TWILIGHT, CONTRADICTS, f"the clock is {abs(found.minutes) / 60:.1f} h {ahead} the sun", offset)


# The moon.


def _moon_says(sky: pd.DataFrame, squares: Sequence[np.ndarray], view: SquareView) -> tuple:
    places = moon_places(squares)
    there = np.array([place or (np.nan, np.nan) for place in places], float).reshape(-1, 2)
    altitude, azimuth = view.direction(there, len(squares[0])) if len(squares) else (np.empty(0),) * 2
    seen = _on_a_track(altitude, azimuth, sky["utc"])
    expected = sky["moon_altitude_deg"].to_numpy()
    down = expected <= MOON_DOWN_DEG
    strange = seen & down
    enough = strange.sum() >= max(FEWEST_STRANGE, 0.5 * down.sum())
    if enough and _moves(altitude[strange], azimuth[strange], sky["utc"][strange]):
        return _said(MOON, CONTRADICTS, f"it is seen in {strange.sum()} of {down.sum()} pictures of a sky without")
    seen &= ~down
    if seen.sum() >= FEWEST_SIGHTINGS and view.north_deg is not None:
        apart = _apart_deg(altitude, azimuth, expected, sky["moon_azimuth_deg"].to_numpy())[seen]
        return _said(MOON, *_by_distance(apart, "from where the time puts it"))
    if seen.sum() >= FEWEST_SIGHTINGS:
        return _said(MOON, *_by_distance(np.abs(altitude - expected)[seen], "too high or too low for the time"))
    up = (expected >= MOON_UP_DEG) & (sky["moon_illuminated_fraction"].to_numpy() >= LEAST_LIT)
    missing = "clouds may hide it" if up.any() else "it is down, or a crescent"
    return _said(MOON, NOT_CHECKED, f"followed through {seen.sum()} of {len(sky)} pictures: {missing}")


def _on_a_track(altitude_deg: np.ndarray, azimuth_deg: np.ndarray, utc: pd.Series) -> np.ndarray:
    """Which sightings have one beside them that the sky's turning explains: a spot of aurora or a plane has none."""
    seen = np.flatnonzero(~np.isnan(altitude_deg))
    hours = (utc - utc.min()).dt.total_seconds().to_numpy() / 3600
    step = np.diff(hours[seen])
    apart = _apart_deg(altitude_deg[seen[:-1]], azimuth_deg[seen[:-1]], altitude_deg[seen[1:]], azimuth_deg[seen[1:]])
    follows = (apart <= TURN_DEG_PER_HOUR * step + SLACK_DEG) & (step <= LONGEST_LOOK_AWAY_H)
    tracked = np.zeros(len(altitude_deg), bool)
    tracked[seen[:-1][follows]] = tracked[seen[1:][follows]] = True
    return tracked


def _moves(altitude_deg: np.ndarray, azimuth_deg: np.ndarray, utc: pd.Series) -> bool:
    """Whether sightings move on as the moon does; bright aurora stays where it is."""
    hours = utc.diff().dt.total_seconds().to_numpy()[1:] / 3600
    apart = _apart_deg(altitude_deg[:-1], azimuth_deg[:-1], altitude_deg[1:], azimuth_deg[1:])
    return float(np.median(apart / hours)) >= LEAST_DEG_PER_HOUR


def _by_distance(apart_deg: np.ndarray, words: str) -> tuple[str, str]:
    """Verdict and words for the angles between the moon and where it should be."""
    middle = float(np.median(apart_deg))
    verdict = AGREES if middle <= NEAR_DEG else CONTRADICTS if middle >= FAR_DEG else NOT_CHECKED
    return verdict, f"it stands {middle:.0f} degrees {words}, in {len(apart_deg)} pictures"


def _apart_deg(altitude_deg, azimuth_deg, other_altitude_deg, other_azimuth_deg) -> np.ndarray:
    """Angles between directions, by the spherical law of cosines."""
    one, other = np.radians(altitude_deg), np.radians(other_altitude_deg)
    turn = np.radians(np.asarray(azimuth_deg) - other_azimuth_deg)
    cosine = np.sin(one) * np.sin(other) + np.cos(one) * np.cos(other) * np.cos(turn)
    return np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))
