"""How bright a clear sky is in each direction without aurora: airglow, Milky Way, twilight, moonlight.

Radiance is in rayleigh (1 R = 1e10 / 4 pi photons m^-2 s^-1 sr^-1) collected by each of the colour channels red,
green, blue; the last axis of every radiance is those three.
"""

from __future__ import annotations

import numpy as np

# Width of a colour channel [angstrom]; typical of a single-chip colour camera (J. Jiang et al. 2013, "What is the
# space of spectral sensitivity functions for digital color cameras?", IEEE WACV: half widths of 80 to 100 nm).
CHANNEL_WIDTH = 900.0

# Photons m^-2 s^-1 angstrom^-1 of a star of magnitude 0 in R, V and B, taken for the red, green and blue channels
# (flux densities of M. S. Bessell, F. Castelli and B. Plez 1998, A&A 333, 231, table A2: 3064, 3636 and 4063 Jy at
# 641, 545 and 438 nm).
ZERO_MAGNITUDE_PHOTONS = np.array([7.22e6, 1.007e7, 1.401e7])

RAYLEIGH = 1e10 / (4 * np.pi)
SQUARE_ARCSECONDS = (180.0 * 3600.0 / np.pi) ** 2

# Sky at new moon without airglow lines and Milky Way: V = 22.1, B - V = 0.9, V - R = 0.7 per square arcsecond: the dark
# sites of B. E. Schaefer's and F. Patat's data (Patat 2003, A&A 400, 1183: 21.6 in V with airglow at solar maximum).
DARK_SKY_MAG = np.array([21.4, 22.1, 23.0])

# Extinction [mag per airmass] at R, V and B of clean sea-level air, Rayleigh and ozone only (D. S. Hayes and
# D. W. Latham 1975, ApJ 197, 593); a night's haze comes on top.
CLEAN_AIR_EXTINCTION = np.array([0.06, 0.12, 0.22])

# Twilight at the zenith: magnitudes per square arcsecond in R, V and B are a0 + a1 (z - 95) + a2 (z - 95)^2 for the
# sun's zenith distance z from 95 to 105 degrees (F. Patat, O. S. Ugolnikov and O. V. Postylyakov 2006, A&A 455, 385).
TWILIGHT_FIT = np.array([[11.40, 1.567, -0.064], [11.84, 1.518, -0.057], [11.84, 1.411, -0.041]])

# Share in the channels of the lines' photons: 557.7, 630.0 and 427.8 nm through common colour filters (the curves of
# Jiang et al. 2013 at these wavelengths, rounded; the red one behind an infrared-blocking filter).
LINE_RESPONSE = {
    "557.7": np.array([0.30, 0.95, 0.16]),
    "630.0": np.array([0.55, 0.08, 0.02]),
    "427.8": np.array([0.04, 0.07, 0.65]),
}

# Lower edge and top of the ranges that nights draw from: rayleigh at the zenith of the 557.7 nm airglow and of the
# 630.0 nm one (F. E. Roach and J. L. Gordon 1973, "The Light of the Night Sky": 250 R and 60 R typical; 557.7 nm from
# 50 to some 600 R with season and solar cycle).
GREEN_AIRGLOW_R = (100.0, 600.0)
RED_AIRGLOW_R = (30.0, 150.0)

EARTH_RADIUS_KM = 6371.0
AIRGLOW_HEIGHT_KM = 96.0

# North galactic pole, J2000 (IAU 1958 system): right ascension and declination [deg].
GALACTIC_POLE = (192.86, 27.13)


def surface_brightness(magnitude):
    """Rayleigh per channel of a sky of so many R, V and B magnitudes per square arcsecond; (..., 3) in and out."""
    photons = ZERO_MAGNITUDE_PHOTONS * 10.0 ** (-0.4 * np.asarray(magnitude)) * SQUARE_ARCSECONDS
    return photons * CHANNEL_WIDTH / RAYLEIGH


def star_light(magnitude):
    """Rayleigh times steradian in the green channel of stars of V `magnitude`."""
    return ZERO_MAGNITUDE_PHOTONS[1] * 10.0 ** (-0.4 * np.asarray(magnitude)) * CHANNEL_WIDTH / RAYLEIGH


def airmass(zenith):
    """Airmass towards zenith angles [rad] (K. Krisciunas and B. E. Schaefer 1991, PASP 103, 1033, equation 3)."""
    return (1.0 - 0.96 * np.sin(zenith) ** 2) ** -0.5


def van_rhijn(zenith, height_km: float):
    """How much longer a slanted line runs through a thin shell than a vertical one (P. J. van Rhijn 1921)."""
    return (1.0 - (EARTH_RADIUS_KM / (EARTH_RADIUS_KM + height_km) * np.sin(zenith)) ** 2) ** -0.5


def transmission(zenith, extinction):
    """Share of light from above the air that arrives, (..., 3), for `extinction` [mag per airmass] (3,)."""
    return 10.0 ** (-0.4 * airmass(zenith)[..., None] * extinction)


def airglow(zenith, green_r: float, red_r: float, ripple) -> np.ndarray:
    """Radiance of the airglow's oxygen lines, brighter towards the horizon; `ripple` (a factor) are gravity waves."""
    shell = van_rhijn(zenith, AIRGLOW_HEIGHT_KM) * ripple
    return shell[..., None] * (green_r * LINE_RESPONSE["557.7"] + red_r * LINE_RESPONSE["630.0"])


def milky_way(unit_vectors, pole) -> np.ndarray:
    """Radiance of the Milky Way's band; `unit_vectors` (..., 3) and the galactic pole's in the same frame.

    A Gaussian of 10 degrees about the galactic equator with the peak of 200 S10 (stars of 10th V magnitude per square
    degree) above the poles' level (Ch. Leinert et al. 1998, A&AS 127, 1: 100 to 350 along the equator).
    """
    latitude = unit_vectors @ np.asarray(pole, dtype=np.float32)
    square_degree = (np.pi / 180.0) ** 2
    peak = 200.0 * star_light(10.0) / square_degree
    return np.exp(-0.5 * (latitude / np.sin(np.radians(10.0))) ** 2)[..., None] * (peak * np.array([0.95, 1.0, 0.85]))


def twilight_zenith(sun_altitude_deg: float) -> np.ndarray:
    """Radiance (3,) that the sun below the horizon scatters at the zenith.

    Patat et al.'s fit less the dark sky it contains, held at its 105 degree slope of 1 mag per degree
    below -14 degrees and at its 95 degree value above -5.
    """
    beyond = np.clip(-sun_altitude_deg - 5.0, 0.0, 9.0)
    magnitude = TWILIGHT_FIT @ np.array([1.0, beyond, beyond**2])
    scattered = np.maximum(surface_brightness(magnitude) - surface_brightness(DARK_SKY_MAG), 0.0)
    return scattered * 10.0 ** (-0.4 * max(-sun_altitude_deg - 14.0, 0.0))


def twilight(unit_vectors, sun_altitude_deg: float, sun_azimuth_deg: float) -> np.ndarray:
    """Radiance of twilight in each direction: towards the sun's azimuth the horizon is brighter, and redder.

    The zenith's brightness times exp(2.0 s + 0.3 c) with s the horizontal component towards the sun and c the square
    of the sine of the zenith angle: sunward to antisolar 50 at the horizon, as in sky scans at depressions of 8 to 14
    degrees (G. V. Rozenberg 1966, "Twilight: a study in atmospheric optics").
    """
    azimuth = np.radians(sun_azimuth_deg)
    towards = unit_vectors[..., 0] * np.sin(azimuth) + unit_vectors[..., 1] * np.cos(azimuth)
    low = 1.0 - unit_vectors[..., 2] ** 2
    shape = np.exp(2.0 * towards * np.sqrt(low) + 0.3 * low)
    redder = np.array([0.35, 0.0, -0.25]) * (towards * low)[..., None]
    return shape[..., None] * np.exp(redder) * twilight_zenith(sun_altitude_deg)


def moon_magnitude(phase_angle_deg: float) -> float:
    """V of the moon at a phase angle (0 = full) (Krisciunas and Schaefer 1991, equation 9)."""
    return -12.73 + 0.026 * abs(phase_angle_deg) + 4e-9 * phase_angle_deg**4


def moonlight(zenith, separation_deg, moon_altitude_deg: float, phase_angle_deg: float, extinction) -> np.ndarray:
    """Radiance of moonlight scattered by clear air and haze (Krisciunas and Schaefer 1991, equations 15 to 21).

    `zenith` [rad] and `separation_deg` from the moon are arrays of one shape; `extinction` (3,) in mag per airmass.
    Nought while the moon is down. Their nanolambert are turned to rayleigh through V of their equation 1; in red and
    blue the law is used with those channels' extinction, which makes clear air bluer than haze.
    """
    if moon_altitude_deg < -0.5:
        return np.zeros((*np.shape(zenith), 3))
    rho = np.maximum(separation_deg, 1.0)
    rayleigh_part = 10.0**5.36 * (1.06 + np.cos(np.radians(rho)) ** 2)
    haze_part = np.where(rho > 10.0, 10.0 ** (6.15 - rho / 40.0), 6.2e7 / rho**2)
    outside = 10.0 ** (-0.4 * (moon_magnitude(phase_angle_deg) + 16.57))
    moon_zenith = np.radians(90.0 - max(moon_altitude_deg, 0.0))
    arriving = 10.0 ** (-0.4 * extinction * airmass(moon_zenith))
    scattered = 1.0 - transmission(zenith, extinction)
    nanolambert = ((rayleigh_part + haze_part) * outside)[..., None] * arriving * scattered
    return nanolambert * _RAYLEIGH_PER_NANOLAMBERT * np.array([0.9, 1.0, 1.05])


def moon_illumination(moon_altitude_deg: float, phase_angle_deg: float, extinction) -> np.ndarray:
    """Moonlight on a level surface, rayleigh times steradian per channel (3,); zero while the moon is down."""
    if moon_altitude_deg <= 0.0:
        return np.zeros(3)
    arriving = 10.0 ** (-0.4 * extinction * airmass(np.radians(90.0 - moon_altitude_deg)))
    return star_light(moon_magnitude(phase_angle_deg)) * np.sin(np.radians(moon_altitude_deg)) * arriving


# Nanolambert to V magnitudes: B = 34.08 exp(20.7233 - 0.92104 V) (Krisciunas and Schaefer 1991, equation 1).
_RAYLEIGH_PER_NANOLAMBERT = float(surface_brightness(np.full(3, 20.0))[1] / (34.08 * np.exp(20.7233 - 0.92104 * 20.0)))


def horizontal(right_ascension_deg, declination_deg, utc_seconds, latitude_deg: float, longitude_deg: float):
    """Altitude and azimuth [deg] of stars, (times, stars), from J2000 positions and seconds since 1970 (UTC).

    Precession alone is applied (J. Meeus 1998, "Astronomical Algorithms", chapter 21, first order) and mean sidereal
    time (chapter 12): good to 0.02 degrees, a tenth of a pixel of the finest camera simulated.
    """
    days = np.asarray(utc_seconds, dtype=float)[:, None] / 86_400.0 + 2_440_587.5 - 2_451_545.0
    years = days / 365.25
    ra, dec = np.radians(right_ascension_deg), np.radians(declination_deg)
    declination = dec + np.radians(20.043 / 3600.0) * years * np.cos(ra)
    ascension = ra + np.radians(1.0 / 3600.0) * years * (
        46.124 + 20.043 * np.sin(ra) * np.tan(np.clip(dec, -1.55, 1.55))
    )
    sidereal = np.radians(280.46061837 + 360.98564736629 * days + longitude_deg)
    hour, latitude = sidereal - ascension, np.radians(latitude_deg)
    altitude = np.arcsin(np.sin(latitude) * np.sin(declination) + np.cos(latitude) * np.cos(declination) * np.cos(hour))
    east = -np.cos(declination) * np.sin(hour)
    north = np.sin(declination) * np.cos(latitude) - np.cos(declination) * np.sin(latitude) * np.cos(hour)
    return np.degrees(altitude), np.degrees(np.arctan2(east, north)) % 360.0


def unit_vector(altitude_deg: float, azimuth_deg: float) -> np.ndarray:
    """East, north and up components of a direction."""
    altitude, azimuth = np.radians(altitude_deg), np.radians(azimuth_deg)
    return np.array([np.cos(altitude) * np.sin(azimuth), np.cos(altitude) * np.cos(azimuth), np.sin(altitude)])
