"""On what does this process compute: a GPU of its own, or the processor?"""

from __future__ import annotations

import fcntl
import functools
import os
import tempfile
from pathlib import Path
from typing import IO

import torch


def device() -> torch.device:
    """The GPU to compute on, `cpu` where there is none.

    Of several GPUs each process of this user takes one that no other has, as long as there are any, and keeps it until
    it ends; then the one with the most free memory. `CUDA_VISIBLE_DEVICES` says which may be taken at all.
    """
    return torch.device(_device(os.getpid()))


# By process: one that was forked must not think its parent's GPU its own.
@functools.lru_cache(maxsize=1)
def _device(_process: int) -> str:
    if not torch.cuda.is_available():
        return "cpu"
    number = torch.cuda.device_count()
    if number == 1:
        return "cuda:0"
    mine = next((at for at in range(number) if _took(torch.cuda.get_device_properties(at).uuid)), None)
    return f"cuda:{_freest(number) if mine is None else mine}"


def has_bfloat16() -> bool:
    """Whether this processor computes bfloat16 with wide registers of its own.

    One without AVX-512, and most with AVX2 alone, imitates it number by number, thirty times as slowly as float32 (by
    hand).
    """
    # The very question that TorchInductor asks; PyTorch has no public one for all kinds of processors.
    return torch.backends.mkldnn.is_available() and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


# Locks last as long as their files are open.
_KEPT: list[IO[str]] = []


def _took(name: object) -> bool:
    """Try to take a GPU: whether it is ours now. The system gives it back when this process and its children have
    ended, however they end."""
    lock = (Path(tempfile.gettempdir()) / f"allsky-gpu-{os.getuid()}-{name}.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        return False
    _KEPT.append(lock)
    return True


def _freest(number: int) -> int:
    return max(range(number), key=lambda at: torch.cuda.mem_get_info(at)[0])
