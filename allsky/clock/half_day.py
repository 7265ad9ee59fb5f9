"""Is this clock half a day off the night that the file's name tells, because its AM or PM was not read?

A clock that counts to twelve and whose PM nobody made out reads like one that counts to 24, in the morning before its
night. Such frames lie before the night's noon, all of them, and half a day later all in the night.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from allsky.site import night_bounds

HALF_A_DAY = pd.Timedelta(hours=12)
# Hours that an evening's clock shows if it counts to twelve; earlier ones may be those of a night a day off.
FIRST_HOUR, LAST_HOUR = 6, 12
HALF_A_DAY_OFF = (
    "the clock shows the morning before the night of the file's name, half a day early: a PM may not be read; set "
    "[camera] clock_format, or [archive] name_date if the name's date is another one"
)


def is_half_a_day_off(readings: pd.DataFrame, night: str, longitude_deg: float) -> bool:
    """Whether READINGS, as far as they are not in doubt, are the half of a day before the `night`."""
    sure = readings[readings["clock_flag"].isna() & readings["overlay_time"].notna() & readings["utc"].notna()]
    begin, end = night_bounds(night, longitude_deg)
    later = sure["utc"] + HALF_A_DAY
    hours = sure["overlay_time"].dt.hour
    off = (sure["utc"] < begin) & (later >= begin) & (later < end) & hours.between(FIRST_HOUR, LAST_HOUR)
    return bool(len(sure)) and bool(np.all(off))
