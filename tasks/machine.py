"""What this machine has to work with, told without a start of PyTorch."""

from __future__ import annotations

import glob
import os


def cores() -> int:
    return os.cpu_count() or 1


def gpus() -> int:
    """GPUs of NVIDIA that the kernel knows."""
    return len(glob.glob("/dev/nvidia[0-9]*"))


def resources(workers: int = 0) -> dict[str, str]:
    """What there is on this machine of Luigi's `[resources]`, of which stages take one each (tasks/base.py).

    Luigi holds a resource that nobody has told it of for a single one.
    """
    return {"decode": str(max(cores(), workers)), "gpu": str(max(1, gpus()))}
