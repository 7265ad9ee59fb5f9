"""A simulated archive: nightly all-sky videos whose every frame is known.

The sun, moon and stars stand where they stood; what clouds and aurora do is drawn by chance from published ranges,
keyed by seed and night, so that the same seed gives the same sky. `simulate_night` writes one night's video and
truth table, `simulated_answers` plays the person who labels, `demo_simulation` is the archive built into the program.
"""

from allsky.simulator.archive import VERSION, simulate_night
from allsky.simulator.simulation import Simulation, demo_simulation, video_name
from allsky.simulator.truth import TRUTH, simulated_answers

__all__ = ["TRUTH", "VERSION", "Simulation", "demo_simulation", "simulate_night", "simulated_answers", "video_name"]
