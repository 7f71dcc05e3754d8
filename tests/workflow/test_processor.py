"""What a processor can run, from the words of /proc/cpuinfo."""

from __future__ import annotations

import shutil
import subprocess

from workflow import processor
from workflow.gromacs import find_gmx

ZEN4 = "model name\t: AMD EPYC\nflags\t\t: fpu sse2 sse4_1 avx fma avx2 avx512f avx512dq avx512bw avx512vl\n"
HASWELL = "flags : fpu sse2 sse4_1 avx fma avx2\n"
GRAVITON = "Features\t: fp asimd evtstrm sve\n"


def test_the_widest_kind_that_runs_is_found() -> None:
    for text, simd in ((ZEN4, "AVX_512"), (HASWELL, "AVX2_256"), (GRAVITON, "ARM_SVE"), ("", "")):
        assert processor.widest(processor._flags_of(text)) == simd


def test_a_build_for_another_processor_is_known_by_what_is_lacking() -> None:
    haswell = processor._flags_of(HASWELL)
    assert processor.lacking("AVX_512", haswell) == ["avx512bw", "avx512dq", "avx512f", "avx512vl"]
    assert processor.lacking("AVX2_256", haswell) == []
    assert processor.lacking("AVX_512", frozenset()) == []  # not Linux: nothing is known, nothing is claimed
    assert processor.lacking("unknown", haswell) == []


def test_slower_builds_than_the_processor_allows_are_told_apart() -> None:
    zen4 = processor._flags_of(ZEN4)
    assert processor.is_slow("SSE4.1", zen4) and processor.is_slow("AVX2_256", zen4)
    assert not processor.is_slow("AVX_512", zen4)
    assert not processor.is_slow("unknown", zen4) and not processor.is_slow("SSE4.1", frozenset())


def test_the_gromacs_in_use_runs_on_this_processor() -> None:
    assert processor.lacking(find_gmx().simd, processor.flags()) == []
    lscpu = shutil.which("lscpu")
    if lscpu:  # a second source of the same flags
        told = subprocess.run([lscpu], capture_output=True, text=True, check=True).stdout
        assert all(flag in told for flag in processor.flags())
