"""Memory of an idle `sheltie serve`, beside nginx as a proxy."""
import sqlite3
import time

from benchmark import ROUNDS, SCRATCH, line, load, median, table
from origin import Origin, front
from proxy import serve, sheltie


def candidates(path):
    with sqlite3.connect(path) as database:
        return database.execute("SELECT count(*) FROM post_metadata WHERE eligible = 1").fetchone()[0]


origin = Origin()
ours, theirs = [], []
with origin.server():
    sheltie(origin, SCRATCH / "prepared.db", "key", "create")
    for number in range(ROUNDS):
        with serve(origin, SCRATCH / f"idle{number}.db") as server, front(origin.port) as peer:
            # Long enough for the first run of every job: ingest included.
            time.sleep(5)
            if candidates(SCRATCH / f"idle{number}.db") != len(origin.candidates):
                raise SystemExit("the ingest was not done")
            ours.append((server.memory("VmRSS"), server.memory("RssAnon")))
            theirs.append((peer.memory("VmRSS"), peer.memory("RssAnon")))
(rss, own), (rss2, own2) = ([median(part) for part in zip(*side)] for side in (ours, theirs))
print(f"idle after 5 s, {len(origin.candidates)} candidates, {ROUNDS} runs, {load()}")
table(["MB", "resident", "anonymous"], [["sheltie serve", f"{rss:.1f}", f"{own:.1f}"], ["nginx, one process", f"{rss2:.1f}", f"{own2:.1f}"]])
line("idle `sheltie serve`, resident", f"{rss:.1f} MB", f"{rss2:.1f} MB (nginx)", f"{rss / rss2:.1f}", "<= 60 MB", rss <= 60, ROUNDS)
