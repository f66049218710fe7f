"""A tenth of all interactions come to their end: the product's anonymizer beside one UPDATE that makes the documented schema's rows anonymous.

Both begin with the same number of rows and all their indexes, 1,000 rows a person. The product removes rows and mends what was worked out
from them, in small writes; the peer overwrites alias, time and context of a tenth in one statement. On PostgreSQL the VACUUM that follows
counts, too. How long others wait is seen from another process, which tries to write all the time (SQLite) or looks at the open
transactions (PostgreSQL). ROWS=n changes the number of rows.
"""
import os
import sqlite3
import subprocess
import sys
import threading
import time

from benchmark import BUILD, ROOT, SCRATCH, line, load, product, table

sys.path.insert(0, str(ROOT / "scripts/lib"))
import postgres_cluster  # noqa: E402

ROWS = int(os.environ.get("ROWS", "1000000"))
EACH = 1_000
PEOPLE, POSTS = ROWS // EACH, 20_000
AUTHORS = POSTS // 10
DAY = 86_400_000_000
# Seven in ten are at LIMITED: 14 of 15.5 days are kept; the others at FULL, 90 of 100.
LIMITED, LIMITED_SPAN, FULL_SPAN = 7, 15.5556, 100

PROBE = """
import sqlite3, sys, time
d = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=0)
longest = 0.0
print("ready", flush=True)
end = time.monotonic() + 3600
import threading
over = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
while not over.is_set() and time.monotonic() < end:
    begun = time.monotonic()
    while True:
        try:
            d.execute("BEGIN IMMEDIATE"); d.execute("COMMIT"); break
        except sqlite3.OperationalError:
            time.sleep(0.0002)
    longest = max(longest, time.monotonic() - begun)
    time.sleep(0.0005)
print(longest * 1000)
"""


def waiting(path, body):
    """-> what `body` gives, and how many milliseconds another process had to wait for its turn to write, the longest"""
    probe = subprocess.Popen([sys.executable, "-c", PROBE, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    probe.stdout.readline()
    result = body()
    probe.stdin.close()
    return result, float(probe.stdout.readline())


def numbers(count):
    """A table expression n(i) with 0 to count - 1 for SQLite."""
    return f"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {count} - 1)"


def statements(now, to_time, series):
    """The product's rows, for both engines: `series(n)` gives a table n(i), `to_time(microseconds)` a moment."""
    def moment(text):
        return to_time(f"({text})")
    level = f"CASE WHEN i % 10 < {LIMITED} THEN 'LIMITED' ELSE 'FULL' END"
    # Spread evenly over the span, in an order that jumps; LIMITED ones at the hour.
    share = f"((i % {EACH}) * 617 + (i / {EACH}) * 31) % {EACH}"
    hour = 3_600_000_000
    limited = f"({now} - ({share}) * CAST({LIMITED_SPAN} * {DAY} AS bigint) / {EACH}) / {hour} * {hour}"
    full = f"{now} - ({share}) * CAST({FULL_SPAN} * {DAY} AS bigint) / {EACH}"
    alias = f"(i / {EACH})"
    return [
        f"INSERT INTO authors (author_key, tenant_id, author_id) SELECT i + 1, 1, {pad('i')} FROM {series(AUTHORS)}",
        f"INSERT INTO post_metadata (post_key, tenant_id, post_id, author_key) SELECT i + 1, 1, {pad('i')}, 1 + i % {AUTHORS} FROM {series(POSTS)}",
        f"INSERT INTO user_aliases (tenant_id, alias_key, alias_id, key_id, privacy_level, created_at, last_seen)"
        f" SELECT 1, i + 1, {pad('i')}, (SELECT key_id FROM key_ids), {level}, {moment(now)}, {moment(now)} FROM {series(PEOPLE)}",
        f"INSERT INTO user_interactions (tenant_id, alias_key, post_key, kind, occurred_at)"
        f" SELECT 1, 1 + {alias}, 1 + ({alias} * 7 + (i % {EACH}) * {POSTS // EACH}) % {POSTS}, 0,"
        f" {moment(f'CASE WHEN {alias} % 10 < {LIMITED} THEN {limited} ELSE {full} END')} FROM {series(ROWS)}",
        f"""INSERT INTO author_preferences (tenant_id, alias_key, author_key, interaction_count, last_interaction_at, preference_score)
            SELECT 1, alias_key, author_key, acts, last, CASE WHEN alias_key % 10 BETWEEN 1 AND {LIMITED} THEN 1 ELSE 0.9 END FROM (
                SELECT i.alias_key, p.author_key, count(*) AS acts, max(i.occurred_at) AS last,
                    row_number() OVER (PARTITION BY i.alias_key ORDER BY max(i.occurred_at) DESC) AS place
                FROM user_interactions i JOIN post_metadata p ON p.tenant_id = i.tenant_id AND p.post_key = i.post_key GROUP BY i.alias_key, p.author_key) AS a
            WHERE place <= CASE WHEN alias_key % 10 BETWEEN 1 AND {LIMITED} THEN 50 ELSE 500 END""",
    ]


pad = None


def sqlite():
    global pad
    pad = lambda text: f"printf('%064x', {text})"  # noqa: E731
    ours, theirs = SCRATCH / "ours.db", SCRATCH / "theirs.db"
    product("anonymizer-database", ours)
    now = int(time.time() * 1e6)
    with sqlite3.connect(ours, isolation_level=None) as database:
        database.executescript("PRAGMA synchronous=OFF; PRAGMA cache_size=-262144; BEGIN")
        for statement in statements(now, lambda text: text, lambda count: f"({numbers(count)} SELECT i FROM n) AS n"):
            database.execute(statement)
        database.execute("COMMIT")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    figures, longest = waiting(ours, lambda: product("anonymizer", ours))
    ours.unlink()

    with sqlite3.connect(theirs, isolation_level=None) as database:
        database.executescript(f"""PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA cache_size=-262144;
            CREATE TABLE UserInteraction (id INTEGER PRIMARY KEY, alias_id TEXT NOT NULL, post_id TEXT NOT NULL, interaction_type TEXT NOT NULL,
                timestamp TEXT, score_weight REAL, context TEXT, UNIQUE (alias_id, post_id, interaction_type));
            {numbers(ROWS)} INSERT INTO UserInteraction SELECT i + 1, printf('%064x', i / {EACH} * 2654435761), printf('%064x', (i % {EACH} * 40503 + i) * 2654435761),
                'FAVORITE', datetime({now // 1_000_000} - {ROWS} + i, 'unixepoch'), 1.0, '{{"source": "timeline_home"}}' FROM n;
            CREATE INDEX a ON UserInteraction (alias_id); CREATE INDEX p ON UserInteraction (post_id); CREATE INDEX t ON UserInteraction (interaction_type);
            CREATE INDEX s ON UserInteraction (timestamp); CREATE INDEX ap ON UserInteraction (alias_id, post_id);
            PRAGMA wal_checkpoint(TRUNCATE); PRAGMA synchronous=NORMAL;""")

        def update():
            begun, cpu = time.monotonic(), time.process_time()
            rows = database.execute(
                "UPDATE UserInteraction SET alias_id = lower(hex(randomblob(32))), context = NULL, timestamp = substr(timestamp, 1, 10)"
                f" WHERE timestamp < datetime({now // 1_000_000} - {ROWS} * 9 / 10, 'unixepoch')").rowcount
            return {"cpu": time.process_time() - cpu, "seconds": time.monotonic() - begun, "removed": rows}
        peer, peer_longest = waiting(theirs, update)
    theirs.unlink()
    show("SQLite", figures, longest, peer, peer_longest)


class Server:
    def __init__(self):
        self.server = postgres_cluster.Server({"fsync": "on", "full_page_writes": "on", "shared_buffers": "256MB", "max_wal_size": "4GB", "autovacuum": "off"})
        self.server.make()
        self.server.start()
        self.address = self.server.address

    def sql(self, *texts):
        for text in texts:
            out = subprocess.run(["psql", "-XAtqv", "ON_ERROR_STOP=1", "-c", text, self.address], check=True, capture_output=True, text=True).stdout.strip()
        return out

    @property
    def cpu(self):
        """Seconds of all sessions so far, those that have ended included."""
        ticks, parent = 0, self.server.process.pid
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                stat = open(f"/proc/{entry}/stat").read()
            except OSError:
                continue
            fields = stat[stat.rindex(")") + 2:].split()
            if int(entry) == parent:
                ticks += sum(map(int, fields[11:15]))
            elif int(fields[1]) == parent:
                ticks += sum(map(int, fields[11:13]))
        return ticks / os.sysconf("SC_CLK_TCK")

    def watched(self, body):
        """-> what `body` gives, and the longest that a transaction with writes was open meanwhile, in ms, looked at every millisecond"""
        longest, over = [0.0], threading.Event()

        def look():
            watch = subprocess.Popen(["psql", "-XAtq", self.address], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            question = ("SELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)) * 1000, 0) FROM pg_stat_activity"
                        " WHERE backend_type = 'client backend' AND backend_xid IS NOT NULL AND query NOT LIKE 'VACUUM%';\n")
            while not over.is_set():
                watch.stdin.write(question)
                watch.stdin.flush()
                longest[0] = max(longest[0], float(watch.stdout.readline()))
            watch.stdin.close()
        thread = threading.Thread(target=look)
        thread.start()
        result = body()
        over.set()
        thread.join()
        return result, longest[0]


def postgres():
    global pad
    pad = lambda text: f"lpad(to_hex({text}), 64, '0')"  # noqa: E731
    server = Server()
    try:
        product("anonymizer-database", server.address)
        now = int(time.time() * 1e6)
        server.sql("INSERT INTO alias_keys (alias_key, tenant_id) OVERRIDING SYSTEM VALUE SELECT i + 1, 1 FROM generate_series(0, %d) AS n(i)" % (PEOPLE - 1))
        server.sql(*statements(now, lambda text: f"to_timestamp({text} / 1000000.0)", lambda count: f"generate_series(0::bigint, {count - 1}) AS n(i)"),
                   "VACUUM ANALYZE", "CHECKPOINT")

        def anonymize():
            before = server.cpu
            figures = product("anonymizer", server.address)
            server.sql("VACUUM user_interactions", "VACUUM author_preferences")
            figures["cpu"] += server.cpu - before
            return figures
        figures, longest = server.watched(anonymize)
        days = [evidence(server, now, rows) for rows in (ROWS // 100, ROWS)]
        server.sql(f"""CREATE TABLE UserInteractions (id bigint PRIMARY KEY, alias_id varchar(64) NOT NULL, post_id varchar(64) NOT NULL,
                interaction_type varchar(8) NOT NULL, timestamp timestamp, score_weight float8, context jsonb)""",
                   f"""INSERT INTO UserInteractions SELECT i, lpad(to_hex(i / {EACH} * 2654435761), 64, '0'),
                lpad(to_hex((i % {EACH} * 40503 + i) * 2654435761), 64, '0'), 'FAVORITE', timestamp '2024-01-01' + (i || ' seconds')::interval, 1.0,
                '{{"source": "timeline_home"}}' FROM generate_series(1::bigint, {ROWS}) AS n(i)""",
                   "ALTER TABLE UserInteractions ADD UNIQUE (alias_id, post_id, interaction_type)", "CREATE INDEX ON UserInteractions (alias_id)",
                   "CREATE INDEX ON UserInteractions (post_id)", "CREATE INDEX ON UserInteractions (interaction_type)",
                   "CREATE INDEX ON UserInteractions (timestamp)", "CREATE INDEX ON UserInteractions (alias_id, post_id)", "VACUUM ANALYZE UserInteractions",
                   "CHECKPOINT")

        def update():
            begun, before = time.monotonic(), server.cpu
            server.sql("UPDATE UserInteractions SET alias_id = md5(random()::text) || md5(random()::text), context = NULL, timestamp = date_trunc('day', timestamp)"
                       f" WHERE id <= {ROWS // 10}", "VACUUM UserInteractions")
            return {"cpu": server.cpu - before, "seconds": time.monotonic() - begun, "removed": ROWS // 10}
        peer, peer_longest = server.watched(update)
        show("PostgreSQL", figures, longest, peer, peer_longest)
        table(["rows of a day of evidence", "seconds until it is dropped", "CPU s"], [[rows, f"{seconds:.2f}", f"{cpu:.2f}"] for rows, seconds, cpu in days])
        (few, first, _), (many, second, _) = days
        line(f"a day of evidence dropped, {many} rows beside {few}", f"{second:.2f} s", f"{first:.2f} s ({few} rows)", f"{second / first:.1f}", "<= 1.5", second <= 1.5 * first, 1)
    finally:
        server.server.remove()


def evidence(server, now, rows):
    """-> rows, seconds and CPU of a run that has one day of so many to end"""
    day = now // DAY * DAY - 40 * DAY
    name = "exposure_events_" + time.strftime("%Y%m%d", time.gmtime(day / 1e6))
    first, last = (f"to_timestamp({moment / 1e6})" for moment in (day, day + DAY))
    server.sql(f"CREATE TABLE {name} (LIKE exposure_events INCLUDING ALL EXCLUDING IDENTITY)",
               f"""INSERT INTO {name} (exposure_key, tenant_id, occurred_at, alias_key, request_id, surface, items)
            SELECT i, 1, {first} + i * interval '1 microsecond', 1 + i % {PEOPLE}, 'r', 'home', '[]' FROM generate_series(1::bigint, {rows}) AS n(i)""",
               f"DO $$ BEGIN EXECUTE format('ALTER TABLE exposure_events ATTACH PARTITION {name} FOR VALUES FROM (%L) TO (%L)', {first}, {last}); END $$",
               f"ANALYZE {name}", "CHECKPOINT")
    before = server.cpu
    figures = product("anonymizer", server.address)
    if figures["evidence"] < rows * 0.9:
        raise SystemExit(f"{figures['evidence']} of {rows} rows of evidence were dropped")
    return rows, figures["seconds"], figures["cpu"] + server.cpu - before


def show(engine, figures, longest, peer, peer_longest):
    share = figures["interactions"] / ROWS
    if not 0.08 < share < 0.12:
        raise SystemExit(f"{share:.0%} of the rows were due, not a tenth")
    print(f"{engine}, {ROWS} interactions of {PEOPLE} people, {load()}")
    table(["", "rows", "seconds", "CPU s", "CPU us a row", "others wait, longest, ms"],
          [[name, f"{of['removed']:.0f}", f"{of['seconds']:.1f}", f"{of['cpu']:.1f}", f"{of['cpu'] / of['removed'] * 1e6:.0f}", f"{wait:.1f}"]
           for name, of, wait in (("the anonymizer", figures, longest), ("one UPDATE of the documented schema", peer, peer_longest))])
    each, theirs = figures["cpu"] / figures["interactions"], peer["cpu"] / peer["removed"]
    line(f"the anonymizer on {engine}, {ROWS} interactions: the longest that others wait", f"{longest:.1f} ms", f"{peer_longest:.0f} ms (one UPDATE)",
         f"{longest / peer_longest:.3f}", "<= 20 ms", longest <= 20, 1)
    line(f"the anonymizer on {engine}, {ROWS} interactions: CPU a row", f"{each * 1e6:.1f} us", f"{theirs * 1e6:.1f} us (one UPDATE)",
         f"{each / theirs:.2f}", "<= 0.1", each <= 0.1 * theirs, 1)


if __name__ == "__main__":
    for engine in os.environ.get("ENGINES", "sqlite postgres").split():
        {"sqlite": sqlite, "postgres": postgres}[engine]()
