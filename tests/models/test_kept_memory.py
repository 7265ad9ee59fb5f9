"""Memory that is given back comes without new pages while it is kept, and goes back to the kernel afterwards."""

from __future__ import annotations

import resource
import subprocess
import sys
import textwrap

import pytest

from models import kept_memory
from models.kept_memory import memory_kept

MB = 2**20
# Above and below what glibc keeps by itself, once it has seen such blocks (mallopt(3): 32 MB).
BLOCK, SMALLER = 48 * MB, 16 * MB

needs_glibc = pytest.mark.skipif(kept_memory._glibc() is None, reason="the C library is not glibc")

# A process of its own: what is kept, and how much of it, is the whole process's.
COUNT = f"""
    import contextlib, ctypes, resource, sys
    from models.kept_memory import memory_kept

    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    libc.free.argtypes = [ctypes.c_void_p]

    def pages_of_ten(size={BLOCK}):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for _ in range(10):
            block = libc.malloc(size)
            ctypes.memset(block, 1, size)
            libc.free(block)
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

    def resident():
        return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize()

    usual = pages_of_ten()
    with memory_kept():
        pages_of_ten()
        with memory_kept():
            pages_of_ten()
        kept, held = pages_of_ten(), resident()
    given_back = held - resident()
    pages_of_ten({SMALLER})
    print(usual, kept, given_back, pages_of_ten(), pages_of_ten({SMALLER}))
"""


@needs_glibc
def test_what_is_given_back_is_had_again_without_new_pages_and_goes_back_at_the_end():
    told = subprocess.check_output([sys.executable, "-c", textwrap.dedent(COUNT)], text=True)
    usual, kept, given_back, afterwards, smaller = map(int, told.split())
    a_block = BLOCK // resource.getpagesize()
    assert usual > 9 * a_block
    assert kept < a_block / 10
    assert given_back > 0.9 * BLOCK
    assert afterwards > 9 * a_block
    assert smaller < a_block / 10


def test_without_glibc_nothing_happens(monkeypatch):
    monkeypatch.setattr(kept_memory, "_glibc", lambda: None)
    with memory_kept():
        assert kept_memory._Users.number == 0
