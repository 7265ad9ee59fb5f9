"""What made a report: versions, recipes, and when."""

from __future__ import annotations

import datetime
import platform
from importlib import metadata
from typing import Any

PACKAGES = (
    "allsky-pipeline", "av", "grad-cam", "luigi", "matplotlib", "numpy", "opencv-python-headless", "pandas",
    "ppigrf", "pyarrow", "pytesseract", "scipy", "skyfield", "skyfield-data", "torch", "torchvision",
)  # fmt: skip


def provenance(stage) -> dict[str, Any]:
    """Versions of what computed, the recipe and the time of a stage's artifact."""
    return {
        "made": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
        "recipe": stage.recipe(),
        "model": stage.model(),
        "versions": {"python": platform.python_version(), **{name: _version(name) for name in PACKAGES}},
    }


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"
