"""Work folders: identity, one writer, publishing by hard link."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from workflow import workfolder

HOLDER = """
import subprocess, sys
from pathlib import Path
from workflow.workfolder import exclusive
with exclusive(Path(sys.argv[1]), "holder") as lock:
    # like mdrun: the child inherits the lock as its standard input and outlives its parent
    subprocess.Popen(["sleep", "2"], stdin=lock)
print("parent ended", flush=True)
"""


def test_hash_depends_on_every_part_and_their_borders() -> None:
    assert workfolder.physics_hash(["ab", "c"]) == workfolder.physics_hash([b"ab", "c"])
    assert workfolder.physics_hash(["ab", "c"]) != workfolder.physics_hash(["a", "bc"])
    assert workfolder.physics_hash(["a", "b"]) != workfolder.physics_hash(["b", "a"])


def test_an_orphan_that_inherited_the_lock_is_waited_for(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", HOLDER, str(tmp_path)], check=True, env={"PYTHONPATH": str(root)}, timeout=60)
    with workfolder.exclusive(tmp_path, "second"):
        assert time.monotonic() - began > 1.5


def test_published_files_are_links_and_replace_what_was_there(tmp_path: Path) -> None:
    source, target = tmp_path / "a.xtc", tmp_path / "out" / "traj.xtc"
    source.write_bytes(b"new")
    target.parent.mkdir()
    target.write_bytes(b"old")
    workfolder.publish([(source, target)])
    assert target.read_bytes() == b"new"
    assert target.stat().st_ino == source.stat().st_ino
    workfolder.publish([(source, target)])
    assert sorted(path.name for path in target.parent.iterdir()) == ["traj.xtc"]
