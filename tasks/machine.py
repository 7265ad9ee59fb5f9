"""What this machine has to work with, told without a start of PyTorch."""

from __future__ import annotations

import glob
import os

import psutil


def cores() -> int:
    return os.cpu_count() or 1


def decoding_threads() -> int:
    """Threads to decode with: this process's share of the cores, one at least, beside those that its parent has at
    work besides; 0, as many as FFmpeg likes, where there is none."""
    parent = psutil.Process().parent()
    at_work = len(parent.children()) if parent else 1
    return 0 if at_work < 2 else max(1, cores() // at_work)


def gpus() -> int:
    """GPUs of NVIDIA that the kernel knows."""
    return len(glob.glob("/dev/nvidia[0-9]*"))


def resources(workers: int = 0) -> dict[str, str]:
    """What there is on this machine of Luigi's `[resources]`, of which stages take one each (tasks/base.py).

    Luigi holds a resource that nobody has told it of for a single one.
    """
    return {"decode": str(max(cores(), workers)), "gpu": str(max(1, gpus()))}
