"""Two readings compared."""

from __future__ import annotations

import numpy as np

from analysis.reading import Reading


def assert_same(one: Reading, other: Reading) -> None:
    """Assert that two readings hold the same but for times and notes."""
    assert one.histograms.keys() == other.histograms.keys()
    for label in one.histograms:
        assert np.array_equal(one.histograms[label], other.histograms[label])
        np.testing.assert_allclose(one.norm[label], other.norm[label], rtol=1e-12)
    for label in one.pairs:
        assert np.array_equal(one.pairs[label], other.pairs[label])
    assert one.com_nm.shape == other.com_nm.shape
    np.testing.assert_allclose(one.com_nm, other.com_nm, atol=1e-6)
    assert np.array_equal(one.block_edges_frame, other.block_edges_frame)
    assert np.array_equal(one.sample_frames, other.sample_frames)
