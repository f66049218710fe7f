"""What the benchmarks share: processes on loopback, their CPU time, wrk, medians, and the line for docs/performance.md."""
import atexit
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = pathlib.Path(os.environ.get("BENCH_BUILD", ROOT / ".build/release"))
PEERS = ROOT / "Benchmarks/peers"
ROUNDS = int(os.environ.get("ROUNDS", "5"))
SCRATCH = pathlib.Path(tempfile.mkdtemp(prefix="sheltie-bench-"))
atexit.register(shutil.rmtree, SCRATCH, True)
# The product refuses settings that it does not know, and takes none from the caller here.
for name in [name for name in os.environ if name.startswith("SHELTIE_")]:
    del os.environ[name]
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

median = statistics.median


def compiled(name, *libraries):
    """The peer program `name`, compiled."""
    program = SCRATCH / name
    subprocess.run(["cc", "-O2", "-o", program, PEERS / f"{name}.c", *libraries], check=True)
    return program


def figures(*command):
    """The `name value` lines that a program prints."""
    out = subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout
    return {name: float(value) for name, value in (line.split() for line in out.splitlines())}


def product(*arguments):
    return figures(BUILD / "sheltie-bench", *arguments)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A process that listens on loopback, ended with the block."""

    def __init__(self, name, command, port, environment=None):
        self.port = port
        self.log = SCRATCH / f"{name}.log"
        self.command, self.environment = [str(part) for part in command], {**os.environ, **(environment or {})}

    def __enter__(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment)
        # Also when the script ends without leaving the block.
        atexit.register(self.end)
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                time.sleep(0.05)
        self.end()
        raise SystemExit(f"{self.command[0]} does not listen:\n{self.log.read_text()[-2000:]}")

    def __exit__(self, *_):
        self.end()

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    @property
    def cpu(self):
        """Seconds of user and system time so far: the clock behind /proc/PID/stat, in nanoseconds instead of ticks."""
        return time.clock_gettime((~self.process.pid << 3) | 2)

    def memory(self, name):
        """`VmRSS`, `RssAnon` of /proc/PID/status, in MB."""
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"^{name}:\s+(\d+) kB", text, re.M)[1]) / 1024


def wrk(port, path, connections, seconds, fields=()):
    """-> requests/s, p50 in ms, requests, errors"""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "20s", "--latency"]
    for field in fields:
        command += ["-H", field]
    out = subprocess.run([*command, f"http://127.0.0.1:{port}{path}"], check=True, capture_output=True, text=True).stdout
    number, unit = re.search(r"50%\s+([\d.]+)(us|ms|s)\b", out).groups()
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    return {
        "rate": float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]),
        "p50": float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit],
        "count": int(re.search(r"(\d+) requests in", out)[1]),
        "errors": int(bad[1]) if bad else 0,
    }


def table(head, rows):
    print("| " + " | ".join(head) + " |\n|" + " --- |" * len(head))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")
    sys.stdout.flush()


def commit():
    def git(*arguments):
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    changed = git("status", "--porcelain", "--untracked-files=no", "--", "Sources", "cli", "migrations", "Package.swift")
    return (git("rev-parse", "--short", "HEAD") or "no commit") + ("+" if changed else "")


def line(what, ours, peer, ratio, goal, met, runs):
    """One line of the table in docs/performance.md."""
    name = os.environ.get("BENCH_NAME") or pathlib.Path(sys.argv[0]).stem
    print(f"LINE | {what} | `scripts/bench {name}` | {ours} | {peer} | {ratio} | {goal} | {'yes' if met else 'no'} | {runs} | {commit()} |",
          flush=True)


def load():
    return "load {:.1f}, {:.1f}, {:.1f} on {} cores".format(*os.getloadavg(), os.cpu_count())
