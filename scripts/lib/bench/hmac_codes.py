"""Aliases and codes a second of one thread, beside a C loop that keeps its key and beside `openssl speed`, in turn."""
import re
import subprocess

from benchmark import ROUNDS, compiled, figures, line, load, median, product, table

COUNT = 1_000_000


def openssl():
    out = subprocess.run(["openssl", "speed", "-seconds", "1", "-bytes", "40", "-hmac", "sha256"], check=True, capture_output=True,
                         text=True).stdout
    return float(re.search(r"hmac\(sha256\)\s+([\d.]+)k", out)[1]) * 1000 / 40


kept = compiled("kept_key", "-lcrypto")
runs = [(product("hmac", COUNT), figures(kept, COUNT), openssl()) for _ in range(ROUNDS)]
ours = {name: median(run[0][name] for run in runs) for name in runs[0][0]}
theirs, speed = median(run[1]["kept"] for run in runs), median(run[2] for run in runs)
print(f"HMAC-SHA256 of 40 bytes, {ROUNDS} runs in turn, {load()}")
table(["way", "million a second", "to the C loop"],
      [[name, f"{value / 1e6:.2f}", f"{median(run[0].get(name, value) / run[1]['kept'] for run in runs):.2f}"]
       for name, value in [*ours.items(), ("C, key kept", theirs), ("openssl speed", speed)]])
line("whole alias, one thread", f"{ours['alias'] / 1e6:.2f} M/s", f"{theirs / 1e6:.2f} M/s (C, key kept)",
     f"{median(run[0]['alias'] / run[1]['kept'] for run in runs):.2f}", ">= 4 M/s", ours["alias"] >= 4e6, ROUNDS)
