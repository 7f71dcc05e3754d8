"""Work in child processes: results in order, errors told, a process that dies noticed."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from analysis.run import RunError
from analysis.workers import Died, Done, run_all


def counted(n: int, result: Any = None) -> Any:
    def work(done: Done) -> Any:
        for step in range(n):
            done(step + 1)
        return result

    return work


def test_results_come_in_order_and_steps_are_counted() -> None:
    seen: list[int] = []
    assert run_all([counted(5, "a"), counted(7, {"b": 1}), counted(0)], seen.append) == ["a", {"b": 1}, None]
    assert seen[-1] == 12 and seen == sorted(seen)


def test_what_a_piece_raises_is_raised() -> None:
    def fails(done: Done) -> None:
        raise RunError("the reason")

    with pytest.raises(RunError, match="the reason"):
        run_all([counted(3), fails], lambda done: None)


@pytest.mark.parametrize("number", [signal.SIGABRT, signal.SIGFPE, signal.SIGKILL])
def test_a_process_that_dies_is_told_with_what_it_had_done(number: int) -> None:
    def dies(done: Done) -> None:
        done(4)
        os.kill(os.getpid(), number)

    first, second = run_all([dies, counted(2, "whole")], lambda done: None)
    assert isinstance(first, Died) and first.done == 4
    assert second == "whole"


def test_a_process_that_hangs_is_told_with_what_it_had_done() -> None:
    def hangs(done: Done) -> None:
        done(3)
        signal.pause()

    first, second = run_all([hangs, counted(2, "whole")], lambda done: None, hung_s=0.5)
    assert isinstance(first, Died) and first.done == 3
    assert second == "whole"


def test_no_process_is_left_when_the_caller_is_interrupted() -> None:
    def waits(done: Done) -> None:
        done(os.getpid())
        signal.pause()

    pids: list[int] = []

    def interrupt(done: int) -> None:
        if done:
            pids.append(done)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_all([waits], interrupt)
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)
