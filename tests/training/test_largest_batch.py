"""The largest batch that fits, found on devices of known size."""

from __future__ import annotations

import gc
import weakref

import pytest
from hypothesis import given, settings, strategies as st

import tunesmith as ts
from tunesmith.errors import InvalidStudy


@pytest.fixture(autouse=True, scope="module")
def little_garbage():
    """So that collecting it, which happens after each lack of memory, takes no time here."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


class Device:
    """A device with so much memory; a step of n examples takes `fixed + each * n`."""

    def __init__(self, total, each=1, fixed=0):
        self.total, self.each, self.fixed = total, each, fixed
        self.highest = 0
        self.steps = []

    def begin(self):
        self.highest = 0

    def peak(self):
        return self.highest

    def step(self, size):
        self.steps.append(size)
        self.highest = self.fixed + self.each * size
        if self.highest > self.total:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")


@given(st.integers(1, 5000), st.integers(1, 7), st.integers(0, 300), st.sampled_from([1, 8]), st.integers(1, 100))
@settings(max_examples=40, deadline=None)
def test_exactly_the_largest_with_head_room(total, each, fixed, unit, start):
    """where memory is measured: it leaves the head-room, and one unit more would not"""
    device = Device(total, each, fixed)
    found = ts.largest_batch(device.step, memory=device, headroom=0.1, multiple_of=unit, start=start)
    room = 0.9 * total
    best = max(int((room - fixed) // each) // unit * unit, 0)
    assert found.size == best
    assert found.too_large == best + unit
    if best:
        assert device.steps[-1] == best
        assert device.steps.count(best) >= 2


@given(st.integers(1, 3000), st.floats(0, 0.5))
@settings(max_examples=30, deadline=None)
def test_without_measuring_the_size_is_reduced_and_tested(limit, headroom):
    """whatever raises for want of memory"""
    device = Device(limit)
    found = ts.largest_batch(device.step, headroom=headroom)
    assert (1 - headroom) * limit - 1 <= found.size <= limit
    assert found.too_large == limit + 1
    if found.size:
        assert device.steps[-1] == found.size


def test_everything_fits():
    """up to what was asked for, which is tested too"""
    device = Device(10**9)
    found = ts.largest_batch(device.step, most=1000)
    assert (found.size, found.too_large) == (1000, None)
    assert device.steps[-1] == 1000
    assert "every size" in found.why


def test_memory_that_gets_scarcer():
    """the size that is returned is one that ran last"""
    device = Device(1000)

    def step(size):
        device.total -= 5
        device.step(size)

    found = ts.largest_batch(step, headroom=0)
    assert found.size <= device.total
    assert device.steps[-2:] == [found.size] * 2


def test_what_failed_is_let_go():
    """the frames of the failed step hold no tensors any more"""
    kept = []

    class Tensor:
        pass

    def step(size):
        held = Tensor()
        kept.append(weakref.ref(held))
        if size > 10:
            raise MemoryError(f"{size} of {held}")

    ts.largest_batch(step)
    gc.collect()
    assert all(reference() is None for reference in kept)


def test_other_errors_are_raised():
    """a bug is no lack of memory"""

    def step(size):
        if size > 4:
            raise ValueError("mat1 and mat2 shapes cannot be multiplied")

    with pytest.raises(ValueError, match="mat1"):
        ts.largest_batch(step)


def test_narrows_the_space():
    """in each way of naming batches"""
    found = ts.largest_batch(Device(100).step, headroom=0)
    narrowed = {
        kind: found.narrow(ts.Space({"batch": param}), "batch").params["batch"]
        for kind, param in {
            "int": ts.Int(8, 512, log=True, default=256),
            "stepped": ts.Int(16, 512, step=16),
            "ordinal": ts.Ordinal(32, 64, 128, default=128, role="batch size"),
            "choice": ts.Choice(32, 64, 256, belief={32: 3, 256: 2}),
            "believed": ts.Int(8, 512, role="batch size", belief=ts.around(256)),
        }.items()
    }
    assert narrowed == {
        "int": ts.Int(8, 100, log=True, default=100),
        "stepped": ts.Int(16, 96, step=16),
        "ordinal": ts.Ordinal(32, 64, role="batch size"),
        "choice": ts.Choice(32, 64, belief={32: 3}),
        "believed": ts.Int(8, 100, role="batch size"),
    }
    with pytest.raises(InvalidStudy, match="allow smaller"):
        found.narrow(ts.Space({"batch": ts.Int(128, 256)}), "batch")
    with pytest.raises(InvalidStudy, match="does not exist"):
        found.narrow(ts.Space({"lr": ts.Float(0, 1)}), "batch")


def test_says_what_is_wrong():
    """before any step"""
    with pytest.raises(InvalidStudy, match="at least 1"):
        ts.largest_batch(Device(1).step, start=0)


def test_throughput_by_a_clock():
    """a step costs 10 ms and 0.1 ms for each example: 9/10 of the best is reached where that is so"""
    now = [0.0]

    def step(size):
        now[0] += 0.010 + 0.0001 * size

    found = ts.throughput(step, [16, 64, 256, 1024, 4096], clock=lambda: now[0])
    assert found.examples_per_second == pytest.approx([n / (0.010 + 0.0001 * n) for n in found.sizes])
    assert found.knee == 1024
    with pytest.raises(InvalidStudy, match="sizes"):
        ts.throughput(step, [])
