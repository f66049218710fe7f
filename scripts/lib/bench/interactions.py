"""Bytes and CPU of an interaction's row, beside the documented schema with its text keys in a C loop."""
import sqlite3

from benchmark import ROUNDS, SCRATCH, compiled, figures, line, load, median, product, table

ROWS, ALONE = 100_000, 2_000


def size(path, name):
    """-> bytes a row of a table with its indexes, pages as they lie in the file"""
    with sqlite3.connect(path) as database:
        names = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE tbl_name = ? AND rootpage > 0", (name,))]
        rows = database.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
        marks = ",".join("?" * len(names))
        return database.execute(f"SELECT sum(pgsize) FROM dbstat WHERE name IN ({marks})", names).fetchone()[0] / rows


peer = compiled("documented_rows", "-lsqlite3")
runs = []
for number in range(ROUNDS):
    ours, theirs = SCRATCH / f"ours{number}.db", SCRATCH / f"theirs{number}.db"
    a, b = product("interactions", ours, ROWS, ALONE), figures(peer, theirs, ROWS, ALONE)
    a["bytes"], b["bytes"] = size(ours, "user_interactions"), size(theirs, "UserInteraction")
    runs.append((a, b))
    ours.unlink()
    theirs.unlink()
ours, theirs = ({name: median(run[side][name] for run in runs) for name in ("bytes", "together", "alone")} for side in (0, 1))
print(f"{ROWS} interactions, 200 people, 20,000 statuses; {ROUNDS} runs in turn, {load()}")
table(["", "product", "documented schema, C"],
      [["bytes a row, with indexes", f"{ours['bytes']:.0f}", f"{theirs['bytes']:.0f}"],
       ["CPU us, many at once", f"{ours['together']:.1f}", f"{theirs['together']:.1f}"],
       ["CPU us, one commit each", f"{ours['alone']:.1f}", f"{theirs['alone']:.1f}"]])
line("an interaction's row", f"{ours['bytes']:.0f} bytes", f"{theirs['bytes']:.0f} bytes (documented schema)",
     f"{ours['bytes'] / theirs['bytes']:.2f}", "<= 110 bytes", ours["bytes"] <= 110, ROUNDS)
line("an interaction, many at once", f"{ours['together']:.1f} us CPU", f"{theirs['together']:.1f} us (documented schema, C)",
     f"{ours['together'] / theirs['together']:.2f}", "shown only", True, ROUNDS)
line("an interaction alone, durable", f"{ours['alone']:.1f} us CPU", f"{theirs['alone']:.1f} us (documented schema, C)",
     f"{ours['alone'] / theirs['alone']:.2f}", "shown only", True, ROUNDS)
