"""A real Slurm on loopback for the tests: munge, one controller, two nodes; no systemd, never /etc/slurm.

python -m tests.slurm.cluster COMMAND ...    runs a command on a cluster that lives as long as the command does
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ("slurmctld", "slurmd", "sbatch", "munged")
NODES = ("n1", "n2")
START_LIMIT_S = 30
SYSTEM_FOLDERS = "/usr/sbin:/sbin"  # where Debian keeps the daemons

CONFIGURATION = """\
ClusterName=sheathtest
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0
SlurmdParameters=config_overrides
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
ReturnToService=2
EnforcePartLimits=ALL
SlurmdTimeout=6
KillWait=5
MinJobAge=3600
JobRequeue=1
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=2 RealMemory=8000 State=UNKNOWN
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=2 RealMemory=8000 State=UNKNOWN
PartitionName=main Nodes=n1,n2 Default=YES MaxTime=INFINITE DefMemPerCPU=100 State=UP
"""


class Cluster:
    """A running cluster; `env` is what a process needs to use it."""

    def __init__(self, folder: Path):
        self.folder = folder
        (folder / "bin").mkdir()
        (folder / "state").mkdir()
        # The plugin drops SLURM_CONF before its inner srun; on a real cluster that finds /etc/slurm by itself.
        shim = folder / "bin" / "srun"
        shim.write_text(f'#!/bin/sh\nSLURM_CONF={folder}/slurm.conf exec {shutil.which("srun")} "$@"\n')
        shim.chmod(0o755)
        path = f"{folder}/bin{os.pathsep}{os.environ['PATH']}{os.pathsep}{SYSTEM_FOLDERS}"
        outside = {key: value for key, value in os.environ.items() if not key.startswith(("SLURM", "SBATCH", "SRUN"))}
        self.env = outside | {"SLURM_CONF": f"{folder}/slurm.conf", "PATH": path}
        host = socket.gethostname().split(".")[0]
        user = pwd.getpwuid(os.geteuid()).pw_name
        text = CONFIGURATION.format(folder=folder, host=host, user=user, ports=_free_ports(1 + len(NODES)))
        (folder / "slurm.conf").write_text(text)
        key = folder / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o600)

    def ask(self, *command: str) -> str:
        """Run one of Slurm's commands and return what it says."""
        return subprocess.run(command, env=self.env, capture_output=True, text=True, check=True, timeout=60).stdout

    def start(self) -> None:
        """Start everything and wait until all nodes are idle."""
        files = {"key": "munge.key", "pid": "munged.pid", "log": "munged.log", "seed": "seed"}
        self._daemon(
            "munged",
            "--force",
            *[f"--{key}-file={self.folder}/{name}" for key, name in files.items()],
            f"--socket={self.folder}/munge.socket",
        )
        self.start_controller()
        for node in NODES:
            self.start_node(node)
        wait_for(lambda: all(self.state(node) == "idle" for node in NODES), START_LIMIT_S)

    def start_controller(self) -> None:
        """Start slurmctld with the jobs that it knew."""
        self._daemon("slurmctld", "-f", self.env["SLURM_CONF"])

    def start_node(self, node: str) -> None:
        """Start one node."""
        self._daemon("slurmd", "-N", node, "-f", self.env["SLURM_CONF"])

    def state(self, node: str) -> str:
        """Return the state of a node in Slurm's word."""
        with contextlib.suppress(subprocess.SubprocessError):
            return self.ask("sinfo", "--noheader", "--nodes", node, "--format", "%T").strip()
        return "unknown"

    def stop_controller(self) -> None:
        """Kill slurmctld as a crash does."""
        self._kill(lambda words, _: words[0].endswith("slurmctld"))

    def lose_node(self, node: str) -> None:
        """Kill a node and all that runs on it, as a power loss does: first who could tell the controller."""
        self._kill(lambda words, env: words[0].endswith("slurmd") and node in words)
        on_node = [pid for pid, _, env in self._processes() if f"SLURMD_NODENAME={node}" in env]
        for pid in {parent for pid in on_node if (parent := _parent(pid)) not in on_node}:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._kill(lambda words, env: f"SLURMD_NODENAME={node}" in env)

    def stop(self) -> None:
        """Kill every process of this cluster, jobs included."""
        self._kill(lambda words, env: True)

    def _daemon(self, *command: str) -> None:
        subprocess.run(command, env=self.env, check=True, timeout=60, stdin=subprocess.DEVNULL)

    def _kill(self, chosen: Callable[[list[str], list[str]], bool]) -> None:
        """Kill those of this cluster's processes that are chosen by command and environment, until none is left."""
        while found := [pid for pid, words, env in self._processes() if chosen(words, env)]:
            for pid in found:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)

    def _processes(self) -> Iterator[tuple[int, list[str], list[str]]]:
        """Yield process id, command and environment of all that was started in this cluster's environment."""
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                with contextlib.suppress(OSError):
                    env = (entry / "environ").read_text(errors="replace").split("\0")
                    words = (entry / "cmdline").read_text(errors="replace").split("\0")
                    if f"SLURM_CONF={self.folder}/slurm.conf" in env and words[0]:
                        yield int(entry.name), words, env


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """Start a cluster in a folder of its own and take it down afterwards."""
    with ExitStack() as stack:
        # Short: a socket's path has at most 107 characters.
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sheath-slurm-", dir="/tmp")))
        cluster = Cluster(folder)
        stack.callback(cluster.stop)
        cluster.start()
        yield cluster


def missing_programs() -> list[str]:
    """Return which of the programs that a cluster needs are not on this machine."""
    return [name for name in PROGRAMS if shutil.which(name, path=f"{os.environ['PATH']}:{SYSTEM_FOLDERS}") is None]


def wait_for(condition: Callable[[], bool], limit_s: float) -> None:
    """Wait until a condition holds; fail when it never does."""
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, "the condition waited for never came"
        time.sleep(0.1)


def _parent(pid: int) -> int:
    """Return the parent of a process; its own name, in brackets, may hold spaces."""
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


if __name__ == "__main__":
    with running_cluster() as only:
        raise SystemExit(subprocess.run(sys.argv[1:], env=only.env, check=False).returncode)
