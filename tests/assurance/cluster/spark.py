"""A Spark cluster on this machine: a standalone master and workers, each a process of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"
PATIENCE = 120
"""Seconds for a process to say that it is there, on a machine that does other things as well."""

JAVAS = ("/usr/lib/jvm/java-17-openjdk-amd64", "/usr/lib/jvm/openjdk-17", "/usr/lib/jvm/java-17")
MEMORY = "1g"


def java_home() -> str:
    """A Java that Spark 4 runs on: 17 or 21."""
    for place in (os.environ.get("SPARK_JAVA_HOME"), *JAVAS, os.environ.get("JAVA_HOME")):
        if place and Path(place, "bin/java").exists():
            return place
    raise SystemExit("Spark 4 needs Java 17 or 21; name one in SPARK_JAVA_HOME")


@dataclass
class Daemon:
    """A master or a worker, and where it writes what it does."""

    process: subprocess.Popen[bytes]
    log: Path

    def said(self, pattern: str, times: int = 1) -> list[str]:
        """Waits until its log has something so many times."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            found = re.findall(pattern, self.log.read_text(encoding="utf-8", errors="replace"))
            if len(found) >= times:
                return found
            if self.process.poll() is not None:
                break
            time.sleep(0.2)
        raise SystemExit(f"{self.log} never said {pattern!r} {times} times; see there")

    def kill(self) -> None:
        """At once, with the executors that it has started."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


@dataclass
class Cluster:
    """A master, by its address, and its workers."""

    master: str
    workers: list[Daemon]


@contextmanager
def cluster(folder: Path, workers: int) -> Iterator[Cluster]:
    """Workers of one core each; all processes are gone in the end."""
    os.environ.update(JAVA_HOME=java_home(), SPARK_LOCAL_IP=HOST)
    with ExitStack() as stack:
        master = _started(stack, folder, "master", "--port", "0")
        [address] = master.said(r"Starting Spark master at (spark://[\d.:]+)")
        started = [
            _started(
                stack, folder, f"worker-{number}", "--cores", "1", "--memory", MEMORY,
                "--work-dir", str(folder / f"work-{number}"), address,
            )
            for number in range(workers)
        ]  # fmt: skip
        master.said(r"Registering worker", workers)
        yield Cluster(address, started)


def _started(stack: ExitStack, folder: Path, name: str, *options: str) -> Daemon:
    import pyspark

    home = Path(pyspark.__file__).parent
    kind = name.partition("-")[0]
    log = folder / f"{name}.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [
                str(home / "bin/spark-class"),
                f"org.apache.spark.deploy.{kind}.{kind.capitalize()}",
                "--host", HOST, "--webui-port", "0", *options,
            ],
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**os.environ, "SPARK_HOME": str(home)},
            # A group of its own, to be killed with the executors in it.
            start_new_session=True,
        )  # fmt: skip
    daemon = Daemon(process, log)
    stack.callback(daemon.kill)
    return daemon
