"""Work on a trajectory in child processes: on several cores, and so that a damaged file cannot end the program.

The library that unpacks XTC frames writes beyond its arrays when a frame is damaged, and the process dies. A child
that dies is noticed here, with the number of frames it had done.
"""

from __future__ import annotations

import faulthandler
import math
import multiprocessing
import multiprocessing.connection
import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import Any

Done = Callable[[int], None]
Work = Callable[[Done], Any]
"""A piece of work; it calls its argument with the steps done so far and returns something that can be pickled."""

POLL_S = 0.05
HUNG_S = 300.0
"""A child that reads frames and has none to tell for so long hangs: a damaged frame can lock up its memory."""


_in_child = False


def leave_child() -> None:
    """End this process at once when it is a child, for the parent to see as one that died; else do nothing.

    For what may have damaged the memory: tidying up, even a further allocation, can then wait for ever.
    """
    if _in_child:
        os._exit(1)


class Died:
    """Stands for the result of a child that died; `done` steps were finished."""

    def __init__(self, done: int) -> None:
        """Begin with the steps that the child had finished."""
        self.done = done


def run_all(pieces: Sequence[Work], progress: Callable[[int], None], hung_s: float = math.inf) -> list[Any]:
    """Run each piece in a process of its own, all at once; return the results in order, `Died` for one that died.

    A child that makes no step for `hung_s` seconds counts as one that died. `progress` is called now and then with the
    steps done by all, and once at the end. Where processes cannot be forked safely (not on Linux) the pieces run here,
    one after the other. What a piece raises is raised.
    """
    if not sys.platform.startswith("linux"):
        return _run_here(pieces, progress)
    context = multiprocessing.get_context("fork")
    steps = context.RawArray("q", len(pieces))
    children, connections = [], []
    try:
        for index, piece in enumerate(pieces):
            ours, theirs = context.Pipe(duplex=False)
            child = context.Process(target=_child, args=(piece, steps, index, theirs), daemon=True)
            child.start()
            theirs.close()
            children.append(child)
            connections.append(ours)
        results = _collect(connections, steps, progress, hung_s)
        progress(sum(steps))
    finally:
        for child in children:
            child.kill()
            child.join()
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results


def _run_here(pieces: Sequence[Work], progress: Callable[[int], None]) -> list[Any]:
    results, before = [], 0
    for piece in pieces:
        last = 0

        def done(steps: int, before: int = before) -> None:
            nonlocal last
            last = steps
            progress(before + steps)

        results.append(piece(done))
        before += last
    return results


def _collect(
    connections: Sequence[Connection], steps: Sequence[int], progress: Callable[[int], None], hung_s: float
) -> list[Any]:
    """Wait for the results of all children."""
    results: dict[int, Any] = {}
    waiting = dict(enumerate(connections))
    moved = [(0, time.monotonic()) for _ in connections]
    while waiting:
        ready = multiprocessing.connection.wait(list(waiting.values()), timeout=POLL_S)
        for index, connection in list(waiting.items()):
            if steps[index] != moved[index][0]:
                moved[index] = steps[index], time.monotonic()
            if connection in ready:
                try:
                    results[index] = connection.recv()
                except EOFError:
                    results[index] = Died(steps[index])
            elif time.monotonic() - moved[index][1] > hung_s:
                results[index] = Died(steps[index])
            if index in results:
                del waiting[index]
        progress(sum(steps))
    return [results[index] for index in range(len(connections))]


def _child(piece: Work, steps: Any, index: int, connection: Connection) -> None:
    """Do one piece of work and send its result, or what it raised; leave without tidying up what may be damaged."""
    global _in_child
    _in_child = True
    # The last words of a process that dies are no message for users, and a core file none either.
    faulthandler.disable()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)

    def done(number: int) -> None:
        steps[index] = number

    try:
        result = piece(done)
    except BaseException as error:
        result = error
    connection.send(result)
    connection.close()
    os._exit(0)
