"""A tenth of all interactions come to their end: the product's anonymizer beside one UPDATE that makes the documented schema's rows anonymous.

Both hold the same acts. ROWS / 100 people with 100 acts each; of every ten people seven are at LIMITED, their acts spread evenly over the
last 15.6 days and cut to the hour, so that a tenth is older than 14 days; three are at FULL, theirs over the last 100 days, so that a tenth
is older than 90. Rows are written in the order of their times, so people stand mixed as they acted. ROWS / 10 posts of ROWS / 200 authors;
half of a person's acts are on posts of five authors of their own, the first of them most (3, 2, 2, 1, 1 of nine), the others on anybody's:
author number A * u^2.2 of A for an even u, and any of the author's posts. An act is a favourite (2 of 5), a reblog, a reply or a bookmark;
an act that is there already is drawn again.

The product removes the rows and mends what was worked out from them, in small writes. The peer overwrites alias, time and context of the tenth
with the oldest times in one statement; its ids are random 64 hex digits, and it has every index of the documented schema. CPU is that of client
and server, with the checkpoints (SQLite) and the VACUUM that follows (PostgreSQL). How long others wait is seen from another process, which
tries to write all the time (SQLite) or looks at the open transactions (PostgreSQL). Shown beside them: what removing as many rows costs at
least, by one DELETE in SQL that mends nothing. ROWS=n changes the number of rows, ENGINES=sqlite one of the engines alone.
"""
import itertools
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time

import numpy

from benchmark import ROOT, SCRATCH, line, load, product, table

sys.path.insert(0, str(ROOT / "scripts/lib"))
import postgres_cluster  # noqa: E402

ROWS = int(os.environ.get("ROWS", "1000000"))
EACH = 100
PEOPLE, POSTS = ROWS // EACH, ROWS // 10
AUTHORS = POSTS // 20
DAY, HOUR = 86_400_000_000, 3_600_000_000
# Of ten people, and the days over which their acts are spread: 14 and 90 are kept.
LIMITED, LIMITED_SPAN, FULL_SPAN = 7, 14 / 0.9, 90 / 0.9
FAVOURITES = (0, 0, 0, 1, 1, 2, 2, 3, 4)
KINDS = ("FAVORITE", "BOOST", "REPLY", "BOOKMARK")
# Of the documented schema, beside its unique triple.
PEER_INDEXES = ("alias_id", "post_id", "interaction_type", "timestamp", "alias_id, post_id")


class Acts:
    """Columns of ROWS acts in the order of their times: person and post from 0, kind, microseconds."""

    def __init__(self, now):
        chance = numpy.random.default_rng(1)
        person = numpy.repeat(numpy.arange(PEOPLE), EACH)
        liked = chance.integers(0, AUTHORS, (PEOPLE, max(FAVOURITES) + 1))
        post, kind = numpy.empty(ROWS, numpy.int64), numpy.empty(ROWS, numpy.int64)
        todo = numpy.arange(ROWS)
        while todo.size:
            count = todo.size
            own = liked[person[todo], chance.choice(FAVOURITES, count)]
            author = numpy.where(chance.random(count) < 0.5, own, (AUTHORS * chance.random(count) ** 2.2).astype(numpy.int64))
            # A post's number says when it came, not whose it is.
            post[todo] = author + AUTHORS * chance.integers(0, POSTS // AUTHORS, count)
            kind[todo] = numpy.maximum(chance.integers(-1, 4, count), 0)
            _, first = numpy.unique((person * POSTS + post) * 4 + kind, return_index=True)
            rest = numpy.ones(ROWS, bool)
            rest[first] = False
            todo = numpy.flatnonzero(rest)
        self.limited = person % 10 < LIMITED
        span = numpy.where(self.limited, LIMITED_SPAN, FULL_SPAN) * DAY
        self.time = now - (chance.random(ROWS) * span).astype(numpy.int64)
        self.time = numpy.where(self.limited, self.time // HOUR * HOUR, self.time)
        order = numpy.argsort(self.time, kind="stable")
        self.person, self.post, self.kind, self.time = person[order], post[order], kind[order], self.time[order]

    def rows(self):
        return zip(self.person.tolist(), self.post.tolist(), self.kind.tolist(), self.time.tolist())


def ids(count, seed):
    """So many random ids of 64 hex digits."""
    digits = numpy.random.default_rng(seed).bytes(32 * count).hex()
    return [digits[64 * i:64 * i + 64] for i in range(count)]


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


PREFERENCES = f"""INSERT INTO author_preferences (tenant_id, alias_key, author_key, interaction_count, last_interaction_at, preference_score)
    SELECT 1, alias_key, author_key, acts, CASE WHEN limited THEN newest ELSE day END,
        CASE WHEN NOT limited THEN 0.9 WHEN acts = 2 THEN 0.25 WHEN acts < 5 THEN 0.5 WHEN acts < 8 THEN 0.75 ELSE 1 END
    FROM (SELECT i.alias_key, p.author_key, count(*) AS acts, max(i.occurred_at) AS newest, {{day}} AS day, i.alias_key % 10 BETWEEN 1 AND {LIMITED} AS limited,
            row_number() OVER (PARTITION BY i.alias_key ORDER BY count(*) DESC, max(i.occurred_at) DESC) AS place
        FROM user_interactions i JOIN post_metadata p ON p.tenant_id = i.tenant_id AND p.post_key = i.post_key
        GROUP BY i.alias_key, p.author_key) AS a
    WHERE NOT limited OR acts > 1 AND place <= 50"""
# What is due, for the least that its removal costs.
DUE = f"""DELETE FROM user_interactions WHERE tenant_id = 1 AND occurred_at < {{}}
    AND alias_key IN (SELECT alias_key FROM user_aliases WHERE tenant_id = 1 AND privacy_level = '{{}}')"""


def sqlite():
    ours, bare, theirs = SCRATCH / "ours.db", SCRATCH / "bare.db", SCRATCH / "theirs.db"
    product("anonymizer-database", ours)
    now = int(time.time() * 1e6)
    acts, people, posts = Acts(now), ids(PEOPLE, 4), ids(POSTS, 3)
    database = sqlite3.connect(ours, isolation_level=None)
    database.executescript("PRAGMA synchronous=OFF; PRAGMA cache_size=-1048576; PRAGMA temp_store=MEMORY; BEGIN")
    key, = database.execute("SELECT key_id FROM key_ids").fetchone()
    database.executemany("INSERT INTO authors (author_key, tenant_id, author_id) VALUES (?, 1, ?)", enumerate(ids(AUTHORS, 2), 1))
    database.executemany("INSERT INTO post_metadata (post_key, tenant_id, post_id, author_key) VALUES (?, 1, ?, ?)",
                         ((i + 1, post, 1 + i % AUTHORS) for i, post in enumerate(posts)))
    database.executemany("INSERT INTO user_aliases (tenant_id, alias_key, alias_id, key_id, privacy_level, created_at, last_seen) VALUES (1, ?, ?, ?, ?, ?, ?)",
                         ((i + 1, person, key, level(i), now, now) for i, person in enumerate(people)))
    database.executemany("INSERT INTO user_interactions (tenant_id, alias_key, post_key, kind, occurred_at) VALUES (1, ? + 1, ? + 1, ?, ?)", acts.rows())
    database.execute(PREFERENCES.format(day=f"max(i.occurred_at) / {DAY} * {DAY}"))
    database.execute("COMMIT")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    shutil.copy(ours, bare)
    figures, longest = waiting(ours, lambda: product("anonymizer", ours))
    ours.unlink()
    least = connected(bare, -32_768, 1_000, lambda database: sum(
        database.execute(DUE.format(now - days * DAY, name)).rowcount for name, days in (("LIMITED", 14), ("FULL", 90))))
    bare.unlink()

    with sqlite3.connect(theirs, isolation_level=None) as database:
        database.executescript("""PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA cache_size=-1048576;
            CREATE TABLE UserInteraction (id INTEGER PRIMARY KEY, alias_id TEXT NOT NULL, post_id TEXT NOT NULL, interaction_type TEXT NOT NULL,
                timestamp TEXT, score_weight REAL, context TEXT, UNIQUE (alias_id, post_id, interaction_type)); BEGIN""")
        database.executemany(
            """INSERT INTO UserInteraction (alias_id, post_id, interaction_type, timestamp, score_weight, context)
            VALUES (?, ?, ?, strftime('%Y-%m-%d %H:%M:%f', ? / 1000000.0, 'unixepoch'), 1.0, '{"source": "timeline_home"}')""",
            ((people[person], posts[post], KINDS[kind], moment) for person, post, kind, moment in acts.rows()))
        for columns in PEER_INDEXES:
            database.execute(f"CREATE INDEX ix_{columns.replace(', ', '_')} ON UserInteraction ({columns})")
        database.execute("COMMIT")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        cut, = database.execute("SELECT timestamp FROM UserInteraction ORDER BY timestamp LIMIT 1 OFFSET ?", (ROWS // 10,)).fetchone()
    peer, peer_longest = waiting(theirs, lambda: connected(theirs, -262_144, 4_000, lambda database: database.execute(
        "UPDATE UserInteraction SET alias_id = lower(hex(randomblob(32))), context = NULL, timestamp = substr(timestamp, 1, 10) WHERE timestamp < ?",
        (cut,)).rowcount))
    theirs.unlink()
    show("SQLite", figures, longest, peer, peer_longest, least)


def level(person):
    return "LIMITED" if person % 10 < LIMITED else "FULL"


def connected(path, cache, checkpoint, body):
    """-> what `body` took, which gives a number of rows, with the checkpoint after it"""
    database = sqlite3.connect(path, isolation_level=None)
    database.executescript(f"PRAGMA synchronous=NORMAL; PRAGMA temp_store=MEMORY; PRAGMA cache_size={cache}; PRAGMA wal_autocheckpoint={checkpoint}")
    begun, cpu = time.monotonic(), time.process_time()
    removed = body(database)
    database.close()
    return {"cpu": time.process_time() - cpu, "seconds": time.monotonic() - begun, "removed": removed}


class Server:
    def __init__(self):
        self.server = postgres_cluster.Server({"fsync": "on", "full_page_writes": "on", "shared_buffers": "256MB", "max_wal_size": "4GB", "autovacuum": "off"})
        self.server.make()
        self.server.start()
        self.address = self.server.address
        self.watcher = None

    def sql(self, *texts, rows=None, address=None):
        for text in texts:
            out = subprocess.run(["psql", "-XAtqv", "ON_ERROR_STOP=1", "-c", text, address or self.address], input=rows, check=True, capture_output=True,
                                 text=True).stdout.strip()
        return out

    @property
    def cpu(self):
        """Seconds of all sessions so far, those that have ended included, but for the one that watches."""
        ticks, parent = 0, self.server.process.pid
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                stat = open(f"/proc/{entry}/stat").read()
            except OSError:
                continue
            fields = stat[stat.rindex(")") + 2:].split()
            if int(entry) == parent:
                ticks += sum(map(int, fields[11:15]))
            elif int(fields[1]) == parent and entry != self.watcher:
                ticks += sum(map(int, fields[11:13]))
        return ticks / os.sysconf("SC_CLK_TCK")

    def watched(self, body):
        """-> what `body` gives, and the longest that a transaction with writes was open meanwhile, in ms, looked at every millisecond"""
        longest, over = [0.0], threading.Event()
        watch = subprocess.Popen(["psql", "-XAtq", self.address], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

        def ask(question):
            watch.stdin.write(question + ";\n")
            watch.stdin.flush()
            return watch.stdout.readline().strip()

        def look():
            while not over.is_set():
                longest[0] = max(longest[0], float(ask(
                    "SELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)) * 1000, 0) FROM pg_stat_activity"
                    " WHERE backend_type = 'client backend' AND backend_xid IS NOT NULL AND query NOT LIKE 'VACUUM%'")))
                time.sleep(0.0005)
        self.watcher = ask("SELECT pg_backend_pid()")
        thread = threading.Thread(target=look)
        thread.start()
        result = body()
        over.set()
        thread.join()
        watch.stdin.close()
        watch.wait()
        # Its time goes to the server's own when it is gone, which must not be in the middle of what is measured next.
        while os.path.exists(f"/proc/{self.watcher}"):
            time.sleep(0.01)
        return result, longest[0]

    def took(self, removed, *texts, address=None):
        begun, before = time.monotonic(), self.cpu
        self.sql(*texts, address=address)
        return {"cpu": self.cpu - before, "seconds": time.monotonic() - begun, "removed": removed}


def postgres():
    server = Server()
    try:
        product("anonymizer-database", server.address)
        now = int(time.time() * 1e6)
        acts = Acts(now)
        server.sql("CREATE UNLOGGED TABLE made (n bigserial, person bigint, post bigint, kind smallint, us bigint)")
        for start in range(0, ROWS, 1_000_000):
            server.sql("COPY made (person, post, kind, us) FROM STDIN", rows="".join(
                "%d\t%d\t%d\t%d\n" % row for row in itertools.islice(acts.rows(), start, start + 1_000_000)))
        for name, values in (("people", ids(PEOPLE, 4)), ("posts", ids(POSTS, 3)), ("writers", ids(AUTHORS, 2))):
            server.sql(f"CREATE UNLOGGED TABLE {name} (n bigserial PRIMARY KEY, id text)")
            server.sql(f"COPY {name} (id) FROM STDIN", rows="\n".join(values) + "\n")
        moment = "timestamptz 'epoch' + us * interval '1 microsecond'"
        server.sql("INSERT INTO authors (author_key, tenant_id, author_id) SELECT n, 1, id FROM writers",
                   f"INSERT INTO post_metadata (post_key, tenant_id, post_id, author_key) SELECT n, 1, id, 1 + (n - 1) % {AUTHORS} FROM posts",
                   "INSERT INTO alias_keys (alias_key, tenant_id) OVERRIDING SYSTEM VALUE SELECT n, 1 FROM people",
                   f"""INSERT INTO user_aliases (tenant_id, alias_key, alias_id, key_id, privacy_level, created_at, last_seen)
                   SELECT 1, n, id, (SELECT key_id FROM key_ids), CASE WHEN (n - 1) % 10 < {LIMITED} THEN 'LIMITED' ELSE 'FULL' END, now(), now() FROM people""",
                   f"""INSERT INTO user_interactions (tenant_id, alias_key, post_key, kind, occurred_at)
                   SELECT 1, person + 1, post + 1, kind, {moment} FROM made ORDER BY n""",
                   PREFERENCES.format(day="date_trunc('day', max(i.occurred_at), 'UTC')"), "VACUUM ANALYZE", "CHECKPOINT")
        database = server.sql("SELECT current_database()")
        bare = server.address.replace(f"/{database}?", "/bare?")
        server.sql(f"CREATE DATABASE bare TEMPLATE {database}", address=server.address.replace(f"/{database}?", "/template1?"))
        server.sql("CHECKPOINT")

        def anonymize():
            before = server.cpu
            figures = product("anonymizer", server.address)
            server.sql(*(f"VACUUM {name}" for name in ("user_interactions", "author_preferences", "user_aliases", "post_metadata", "authors")))
            figures["cpu"] += server.cpu - before
            return figures
        figures, longest = server.watched(anonymize)
        least = server.took(figures["interactions"], *(DUE.format(f"to_timestamp({(now - days * DAY) / 1e6})", name)
                                                       for name, days in (("LIMITED", 14), ("FULL", 90))), "VACUUM user_interactions", address=bare)
        server.sql("DROP DATABASE bare")
        days = [evidence(server, now, rows) for rows in (ROWS // 100, ROWS)]
        server.sql("""CREATE TABLE UserInteractions (id bigint PRIMARY KEY, alias_id varchar(64) NOT NULL, post_id varchar(64) NOT NULL,
                interaction_type varchar(8) NOT NULL, timestamp timestamp, score_weight float8, context jsonb)""",
                   f"""INSERT INTO UserInteractions SELECT m.n, a.id, p.id, (ARRAY{list(KINDS)})[m.kind + 1], ({moment}) AT TIME ZONE 'UTC', 1.0,
                '{{"source": "timeline_home"}}' FROM made m JOIN people a ON a.n = m.person + 1 JOIN posts p ON p.n = m.post + 1 ORDER BY m.n""",
                   "ALTER TABLE UserInteractions ADD UNIQUE (alias_id, post_id, interaction_type)",
                   *(f"CREATE INDEX ON UserInteractions ({columns})" for columns in PEER_INDEXES), "VACUUM ANALYZE UserInteractions", "CHECKPOINT")
        peer, peer_longest = server.watched(lambda: server.took(
            ROWS // 10, "UPDATE UserInteractions SET alias_id = md5(random()::text) || md5(random()::text), context = NULL,"
            f" timestamp = date_trunc('day', timestamp) WHERE id <= {ROWS // 10}", "VACUUM UserInteractions"))
        show("PostgreSQL", figures, longest, peer, peer_longest, least)
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


def show(engine, figures, longest, peer, peer_longest, least):
    share = figures["interactions"] / ROWS
    if not 0.08 < share < 0.12 or abs(least["removed"] - figures["interactions"]) > 0.01 * figures["interactions"]:
        raise SystemExit(f"{share:.1%} of the rows were due, not a tenth, or {least['removed']} for the bare DELETE")
    print(f"{engine}, {ROWS} interactions of {PEOPLE} people, {load()}")
    table(["", "rows", "interactions", "seconds", "CPU s", "CPU us an interaction", "others wait, longest, ms"],
          [[name, f"{of['removed']:.0f}", f"{acts:.0f}", f"{of['seconds']:.1f}", f"{of['cpu']:.1f}", f"{of['cpu'] / acts * 1e6:.1f}", wait]
           for name, of, acts, wait in (
               ("the anonymizer", figures, figures["interactions"], f"{longest:.1f}"), ("one DELETE that mends nothing", least, least["removed"], ""),
               ("one UPDATE of the documented schema", peer, peer["removed"], f"{peer_longest:.1f}"))])
    each, theirs, floor = figures["cpu"] / figures["interactions"], peer["cpu"] / peer["removed"], least["cpu"] / least["removed"]
    line(f"{engine}, {ROWS:,} interactions: the longest that others wait", f"{longest:.1f} ms", f"{peer_longest:.0f} ms (one UPDATE)",
         f"{longest / peer_longest:.3f}", "<= 20 ms", longest <= 20, 1)
    line(f"{engine}, {ROWS:,} interactions: CPU a row", f"{each * 1e6:.1f} us", f"{theirs * 1e6:.1f} us (one UPDATE)",
         f"{each / theirs:.2f}", "<= 0.1", each <= 0.1 * theirs, 1)
    line(f"{engine}, {ROWS:,} interactions: the same beside one DELETE", f"{each * 1e6:.1f} us", f"{floor * 1e6:.1f} us (one DELETE)",
         f"{each / floor:.2f}", "shown only", True, 1)


if __name__ == "__main__":
    for engine in os.environ.get("ENGINES", "sqlite postgres").split():
        {"sqlite": sqlite, "postgres": postgres}[engine]()
