"""How fast was each engine when it was tried on this machine?

A file in the user's cache folder, `$XDG_CACHE_HOME/allsky/engines.json`: losing it costs a few seconds of trying.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from models.description import ModelDescription

# Where nothing is known of the rates, the share of pictures computed twice from which on the reference goes on alone.
UNMEASURED = 0.5


def cache_folder() -> Path:
    """Where this program keeps what it can find out again."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "allsky"


@dataclass
class Measured:
    """Images a second of each engine, 0 for one that cannot be used, and the seconds it takes to make ready; engines
    `left_out` are of no use for the model at hand."""

    key: str
    rates: dict[str, float] = field(default_factory=dict)
    made_s: dict[str, float] = field(default_factory=dict)
    left_out: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, described: ModelDescription, batch_size: int, device: torch.device, what: str = "") -> Measured:
        """What is remembered of this network on this machine; of something else than engines where `what` says so."""
        key = "; ".join(map(str, (_machine(device), described.backbone, described.image_size, batch_size)))
        key += f"; {what}" if what else ""
        known = _read().get(key, {})
        return cls(key, dict(known.get("images_per_s", {})), dict(known.get("made_s", {})))

    def note(self, engine: str, rate: float, made_s: float = 0.0) -> None:
        """Remember an engine from now on. Where nothing can be written it is for this process."""
        self.rates[engine], self.made_s[engine] = round(rate, 2), round(made_s, 2)
        path = cache_folder() / "engines.json"
        everything = _read() | {self.key: {"images_per_s": self.rates, "made_s": self.made_s}}
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = path.with_name(f".engines.{os.getpid()}.json")
            draft.write_text(json.dumps(everything, indent=1))
            os.replace(draft, path)

    def leave_out(self, engine: str) -> None:
        """Take no account of an engine from now on, in this process alone."""
        self.left_out.add(engine)

    def quickest(self, engines: Sequence[str], pictures: int) -> str:
        """The engine that needs the least time for so many pictures, made ready first."""
        usable = [name for name in engines if self.rates.get(name) and name not in self.left_out]
        return min(usable, key=lambda name: self._seconds(name, pictures))

    def quicker_alone(
        self, engine: str, again: float, reference: str, exact: Sequence[str], pictures: int
    ) -> str | None:
        """The one of `exact` engines that needs less time for so many pictures than `engine`, now in use, does with a
        share `again` of them computed by `reference` too. Where not both were measured, `reference` for more than half.
        """
        if not (self.rates.get(engine) and self.rates.get(reference)):
            return reference if again > UNMEASURED else None
        quickest = self.quickest(exact, pictures)
        twice_s = pictures * (1 / self.rates[engine] + again / self.rates[reference])
        return quickest if self._seconds(quickest, pictures) < twice_s else None

    def _seconds(self, engine: str, pictures: int) -> float:
        return self.made_s.get(engine, 0.0) + pictures / self.rates[engine]


def _read() -> dict[str, Any]:
    try:
        known = json.loads((cache_folder() / "engines.json").read_text())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _machine(device: torch.device) -> str:
    if device.type == "cuda":
        return f"{torch.cuda.get_device_name(device)}, torch {torch.__version__}"
    return f"{_processor()}, {torch.get_num_threads()} threads, torch {torch.__version__}"


def _processor() -> str:
    """The processor's name; Linux tells it here alone."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip() + _instructions()
    return (platform.processor() or platform.machine()) + _instructions()


def _instructions() -> str:
    # One name may stand for machines that compute bfloat16 and machines that do not.
    return f" ({torch.backends.cpu.get_cpu_capability()})"
