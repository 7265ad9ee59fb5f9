"""Cameras to simulate: their lens, sensor, frame and burned-in text."""

from __future__ import annotations

from dataclasses import dataclass

from allsky.fisheye import Lens
from allsky.simulator.overlay import TextLine
from allsky.simulator.sensor import Sensor


@dataclass(frozen=True)
class Camera:
    """What is bolted to the roof: `frame_size` is (width, height) in pixels; the first line of `overlay` is the
    clock.
    """

    lens: Lens
    sensor: Sensor
    frame_size: tuple[int, int]
    overlay: tuple[TextLine, ...]


# A small colour camera, the default: its frames are cheap to render and to read.
SMALL_COLOUR = Camera(
    Lens(159.5, 116.5, 114.0, north_deg=12.0),
    Sensor(),
    (320, 240),
    (TextLine("%Y-%m-%d %H:%M:%S %Z", 4, 224, 13),),
)

# The AuroraMAX camera of Yellowknife as published: 1280x720, the sky's circle filling the height, clock in local time.
AURORAMAX = Camera(
    Lens(639.5, 359.5, 360.0, projection="equisolid", north_deg=8.0),
    Sensor(sensitivity=1200.0),
    (1280, 720),
    (TextLine("%Y-%m-%d %H:%M:%S %Z", 16, 682, 26), TextLine("AuroraMAX {site}", 16, 14, 20)),
)

# A THEMIS imager's movie: grey, without a colour filter, stretched from the dark sky up, small; a line with the site
# above the clock.
THEMIS = Camera(
    Lens(327.5, 242.5, 180.0, north_deg=335.0),
    Sensor(colour=False, black=0.6, target=0.1, gain_range=(0.2, 8.0), glare=0.06),
    (640, 480),
    (
        TextLine("%Y-%m-%d %H:%M:%S", 143, 412, 13, "DejaVuSans"),
        TextLine("THEMIS/{site}", 143, 398, 13, "DejaVuSans"),
    ),
)
