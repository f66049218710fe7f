"""From JSON to committed rows: the product's reader, consent and store, beside Python's json and sqlite3 on the same statuses."""
import datetime
import sys

from benchmark import ROUNDS, SCRATCH, figures, line, load, median, product, table
from timeline import Timeline, dumped

PAGES = 500
PEER = '''
import json, sqlite3, sys, time
pages, path = sys.argv[1:]
database = sqlite3.connect(path, isolation_level=None)
database.executescript("""PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
CREATE TABLE PostMetadata (post_id VARCHAR(64) PRIMARY KEY, author_id VARCHAR(64) NOT NULL, content TEXT, language VARCHAR(10),
  created_at DATETIME NOT NULL, favorites INTEGER, boosts INTEGER, replies INTEGER, tags JSON, sensitive BOOLEAN, local_id TEXT);
CREATE INDEX a ON PostMetadata (author_id); CREATE INDEX b ON PostMetadata (created_at); CREATE INDEX c ON PostMetadata (language);
CREATE INDEX d ON PostMetadata (tags); CREATE INDEX e ON PostMetadata (local_id);""")
count, start = 0, time.process_time()
rows = []
def write():
    database.execute("BEGIN")
    database.executemany("INSERT INTO PostMetadata VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (post_id) DO NOTHING", rows)
    database.execute("COMMIT")
    rows.clear()
for page in open(pages, "rb"):
    for status in json.loads(page):
        count += 1
        status = status["reblog"] or status
        rows.append((status["uri"], status["account"]["uri"], status["content"], status["language"], status["created_at"],
                     status["favourites_count"], status["reblogs_count"], status["replies_count"],
                     json.dumps([tag["name"] for tag in status["tags"]]), status["sensitive"], status["id"]))
    # As many in a transaction as the product's job takes.
    if len(rows) >= 400: write()
if rows: write()
print("whole", (time.process_time() - start) / count * 1e6)
'''


def pages(name, **kind):
    timeline = Timeline(9, datetime.datetime.now(datetime.timezone.utc), **kind)
    file = SCRATCH / f"{name}.ndjson"
    with open(file, "wb") as out:
        for page in range(PAGES):
            out.write(dumped(timeline.page(115_500_000_000_000_000 - page * 1_000_000_000)) + b"\n")
    return file


def measure(name, source):
    size = source.stat().st_size / PAGES / 40
    runs = [(product("ingest", source, SCRATCH / f"ours-{name}{number}.db"),
             figures(sys.executable, "-c", PEER, source, SCRATCH / f"peer-{name}{number}.db")) for number in range(ROUNDS)]
    ours = {part: median(run[0][part] for run in runs) for part in runs[0][0]}
    peer, ratio = median(run[1]["whole"] for run in runs), median(run[0]["whole"] / run[1]["whole"] for run in runs)
    print(f"ingest of {ours['statuses']:.0f} statuses of {size:.0f} bytes in pages of 40, {ours['rows']:.0f} kept, a commit for 400; {ROUNDS} runs in turn, {load()}")
    table(["CPU us a status", "product", "Python json + sqlite3, no consent"],
          [["JSON to committed row", f"{ours['whole']:.1f}", f"{peer:.1f}"]]
          + [[f"alone: {part}", f"{ours[part]:.1f}", ""] for part in ("read", "consent", "plain", "judge")])
    line(f"ingest, JSON to committed row ({ours['rows'] / ours['statuses']:.0%} kept)", f"{ours['whole']:.1f} us CPU", f"{peer:.1f} us (Python)",
         f"{ratio:.2f}", "<= 25 us", ours["whole"] <= 25, ROUNDS)


measure("mixed", pages("mixed"))
# The dearest case: no status is refused.
measure("open", pages("open", authors=2000, open_authors=True))
