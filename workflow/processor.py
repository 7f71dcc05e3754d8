"""Which vector instructions (SIMD) this machine's processor has, and which ones a GROMACS build needs."""

from __future__ import annotations

import re
import sys
from collections.abc import Set
from functools import cache
from pathlib import Path

# GROMACS' names for its kinds of build, slowest first, with the words for what each needs in /proc/cpuinfo.
# Source: GROMACS' cmake/gmxManageSimd.cmake and the compiler flags that it sets for them.
NEEDED_FLAGS: dict[str, frozenset[str]] = {
    "SSE2": frozenset({"sse2"}),
    "SSE4.1": frozenset({"sse4_1"}),
    "AVX_128_FMA": frozenset({"avx", "fma4"}),
    "AVX_256": frozenset({"avx"}),
    "AVX2_128": frozenset({"avx2", "fma"}),
    "AVX2_256": frozenset({"avx2", "fma"}),
    "AVX_512": frozenset({"avx512f", "avx512bw", "avx512dq", "avx512vl"}),
    "ARM_NEON_ASIMD": frozenset({"asimd"}),
    "ARM_SVE": frozenset({"sve"}),
}


@cache
def flags() -> frozenset[str]:
    """Return what the processor can do, in the words of /proc/cpuinfo; empty where there is no such file."""
    return _flags_of(_cpuinfo())


@cache
def name() -> str:
    """Return the processor's name, or "this processor"."""
    found = re.search(r"^model name\s*:\s*(.+)$", _cpuinfo(), re.M)
    return found.group(1).strip() if found else "this processor"


def _cpuinfo() -> str:
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _flags_of(cpuinfo: str) -> frozenset[str]:
    found = re.search(r"^(?:flags|Features)\s*:\s*(.+)$", cpuinfo, re.M)
    return frozenset(found.group(1).split()) if found else frozenset()


def widest(has: Set[str]) -> str:
    """Return the fastest kind of build that a processor with these flags can run; "" when nothing is known."""
    return next((simd for simd, needed in reversed(NEEDED_FLAGS.items()) if needed <= has), "")


def lacking(simd: str, has: Set[str]) -> list[str]:
    """Return which flags a build needs that the processor lacks; nothing when either is unknown."""
    return sorted(NEEDED_FLAGS.get(simd, frozenset()) - has) if has else []


def is_slow(simd: str, has: Set[str]) -> bool:
    """Tell whether a faster kind of build than this one would run here."""
    best = widest(has)
    kinds = list(NEEDED_FLAGS)
    return simd in kinds and best in kinds and kinds.index(simd) < kinds.index(best)


if __name__ == "__main__":
    sys.stdout.write(widest(flags()) + "\n")
