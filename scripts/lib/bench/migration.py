"""A file of 1,000,000 posts and 5,000,000 interactions into PostgreSQL: `sheltie migrate to-postgres`, beside the least that such a move can
be in C, and pgloader with batches and prefetch of 1,000 rows. A server of its own; its CPU time is counted, too."""
import json
import os
import pathlib
import sqlite3
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import postgres_cluster
from benchmark import BUILD, ROUNDS, SCRATCH, compiled, line, load, median, table

POSTS, ACTS = int(os.environ.get("POSTS", "1000000")), int(os.environ.get("ACTS", "5000000"))
PEOPLE, AUTHORS = max(16, POSTS // 100), POSTS // 20 + 10
# A small server's settings, and every commit on the disk.
postgres_cluster.SETTINGS |= {
    "fsync": "on", "full_page_writes": "on", "shared_buffers": "1GB",
    "max_wal_size": "8GB", "checkpoint_timeout": "30min", "maintenance_work_mem": "512MB", "work_mem": "64MB", "jit": "off",
}
TICK = os.sysconf("SC_CLK_TCK")
TEXT = ('Résumé of the garden: a corgi walks in the rain with coffee, bread and a "quoted" library 猫 🐕 on a mountain train, reading about '
        'elections, climate, guitars and paper, quietly and at length, because people write small things again and again')
MOMENT = 1790000000000000


def rows(count, first=1):
    return f"WITH RECURSIVE n (i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {first} + {count} - 1)"


def fill(path):
    """A database of ours, made without its indexes, which are added at the end: so it takes a minute or two."""
    subprocess.run([BUILD / "sheltie", "db", "migrate", "--database", path], check=True, capture_output=True)
    database = sqlite3.connect(path, isolation_level=None)
    run = database.execute
    for pragma in ("foreign_keys = OFF", "synchronous = OFF", "cache_size = -400000"):
        run(f"PRAGMA {pragma}")
    indexes = run("SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL").fetchall()
    run("BEGIN")
    for name, _ in indexes:
        run(f"DROP INDEX {name}")
    run(f"INSERT INTO tenants (domain, snapshot_version, created_at) VALUES ('social.example', 1, {MOMENT})")
    run(f"INSERT INTO key_ids VALUES (1, '0123456789abcdef', 'active', {MOMENT})")
    # Ids in order but for their first digits, so that unique indexes grow at their end.
    digest = "printf('%012x', i) || lower(hex(randomblob(26)))"
    run(f"""{rows(PEOPLE)} INSERT INTO user_aliases (tenant_id, alias_id, key_id, privacy_level, created_at, last_seen)
        SELECT 1, {digest}, '0123456789abcdef', CASE i % 10 WHEN 0 THEN 'LIMITED' ELSE 'FULL' END, {MOMENT}, {MOMENT} + i FROM n""")
    run(f"{rows(AUTHORS)} INSERT INTO authors (tenant_id, author_id) SELECT 1, {digest} FROM n")
    run(f"""{rows(POSTS)} INSERT INTO post_metadata (tenant_id, post_id, author_key, eligible, local_id, content, language, created_at, favorites, boosts,
            replies, tags, source, checked_at, changed_version)
        SELECT 1, {digest}, 1 + abs(random()) % {AUTHORS}, 1, 115000000000000000 + i * 7919,
            substr(?, 1 + abs(random()) % 60, 60 + abs(random()) % 140) || i, CASE abs(random()) % 6 WHEN 0 THEN 'de' WHEN 1 THEN NULL ELSE 'en' END,
            {MOMENT} + i * 1000003, abs(random()) % 50, abs(random()) % 20, abs(random()) % 9,
            CASE i % 4 WHEN 1 THEN '["dogs"]' WHEN 2 THEN '["fediverse","corgi' || i % 300 || '"]' WHEN 3 THEN '["photography","linux' || i % 50 || '"]' END,
            'public', {MOMENT} + i * 1000003, i FROM n""", (TEXT,))
    each = ACTS // PEOPLE
    for person in range(1, PEOPLE + 1):
        run(f"""{rows(each)} INSERT INTO user_interactions (tenant_id, alias_key, post_key, kind, occurred_at, score_weight, context)
            SELECT 1, {person}, 1 + (i * {POSTS // each} + abs(random()) % {POSTS // each}) % {POSTS}, i % 5, {MOMENT} + i * 1000000,
                CASE i % 3 WHEN 0 THEN 1.5 END, CASE i % 3 WHEN 0 THEN '{{"source":"timeline_home","position":' || i % 20 || '}}' END FROM n WHERE true
            ON CONFLICT DO NOTHING""")
    run("""INSERT INTO author_preferences (tenant_id, alias_key, author_key, interaction_count, last_interaction_at, preference_score)
        SELECT 1, alias_key, author_key, count(*), max(occurred_at), 0.5 FROM user_interactions JOIN post_metadata USING (tenant_id, post_key)
        WHERE post_key % 5 = 0 GROUP BY 2, 3""")
    run("""INSERT INTO recommendation_logs (tenant_id, alias_key, post_key, recommended_at, reason, model_version, shown_as, above_id, below_id, position)
        SELECT 1, alias_key, post_key, occurred_at, 'popular', 'blend-v1', 200000000000000000 + row_number() OVER (), '1', '2', 3
        FROM user_interactions WHERE post_key % 10 = 0""")
    for _, text in indexes:
        run(text)
    run("COMMIT")
    run("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


class Target:
    """An empty database on the server."""

    def __init__(self, address, number):
        self.name = f"move{number}"
        self.folder = address.split("host=")[1]
        self.address, self.owner = address.replace("/postgres?", f"/{self.name}?"), address
        psql(self.owner, f"CREATE DATABASE {self.name}", "CHECKPOINT")

    def drop(self):
        psql(self.owner, f"DROP DATABASE {self.name} WITH (FORCE)")


def psql(address, *statements):
    return subprocess.run(["psql", "-qAtX", address, *[part for text in statements for part in ("-c", text)]], check=True, capture_output=True,
                          text=True).stdout


def server_cpu(postmaster):
    """Seconds of the server and of all its processes, ended ones included."""
    def fields(pid):
        return [int(field) for field in pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:15]]
    ticks = sum(fields(postmaster))
    for child in pathlib.Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split():
        try:
            ticks += sum(fields(child)[:2])
        except OSError:
            pass
    return ticks / TICK


class ServerClock:
    """The server's CPU time over the time of a run, read ten times a second."""

    def __init__(self, postmaster):
        self.samples, self.isOver = [], threading.Event()
        self.thread = threading.Thread(target=self.watch, args=(postmaster,), daemon=True)
        self.thread.start()

    def watch(self, postmaster):
        while not self.isOver.wait(0.1):
            self.samples.append((time.monotonic(), server_cpu(postmaster)))

    def end(self):
        self.isOver.set()
        self.thread.join()

    def between(self, first, last):
        def at(moment):
            return min(self.samples, key=lambda sample: abs(sample[0] - moment))[1]
        return at(last) - at(first)


def measured(command, postmaster):
    """-> wall, client's and server's CPU seconds, peak resident MB, exit code, output, and the server's time as a function of it"""
    before, start, clock = server_cpu(postmaster), time.monotonic(), ServerClock(postmaster)
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, cwd=SCRATCH)
    out = process.stdout.read().decode()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    end = time.monotonic()
    wall = end - start
    clock.end()
    return {"wall": wall, "client": used.ru_utime + used.ru_stime, "server": server_cpu(postmaster) - before, "rss": used.ru_maxrss / 1024,
            "code": process.returncode, "out": out, "before_end": lambda first, last: clock.between(end - first, end - last)}


def ours(target, source, postmaster):
    run = measured([BUILD / "sheltie", "migrate", "to-postgres", "--from", source, "--to", target.address, "--json"], postmaster)
    if run["code"] != 0:
        raise SystemExit(f"the product failed: {run['out']}")
    report = json.loads(run["out"])
    seconds = {name: value / 1000 for name, value in report["milliseconds"].items()}
    after = seconds["publication"]
    run["server_verification"] = run["before_end"](after + seconds["verification"], after)
    return run | {"rows": report["rows"], "copy": seconds["rows"], "build": seconds["indexes"] + seconds["keys"], "verify": seconds["verification"]} | {
        f"cpu_{name}": value / 1000 for name, value in report["cpu_milliseconds"].items()}


def schema(target):
    """The product's own schema as two texts: what comes before the data, and what after."""
    subprocess.run([BUILD / "sheltie", "db", "migrate", "--database", target.address], check=True, capture_output=True)
    paths = []
    for section in ("pre-data", "post-data"):
        text = subprocess.run(["pg_dump", "--schema-only", "--no-owner", f"--section={section}", target.address], check=True, capture_output=True,
                              text=True).stdout
        paths.append(SCRATCH / f"{section}.sql")
        # Meant for psql, and for whoever reads.
        paths[-1].write_text("\n".join(row for row in text.splitlines() if not row.startswith(("\\", "SELECT pg_catalog.set_config"))))
    psql(target.address, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    return paths


def least(target, source, postmaster, program):
    run = measured([program, source, target.address, *schema(target)], postmaster)
    if run["code"] != 0:
        raise SystemExit("the peer failed")
    return run | {name: float(value) for name, value in (row.split() for row in run["out"].splitlines())}


def pgloader(target, source, postmaster):
    command = SCRATCH / "move.load"
    address = f"pgsql://postgres@unix:{target.folder}:5432/{target.name}"
    command.write_text(f"LOAD DATABASE FROM sqlite://{source} INTO {address} WITH include drop, create tables, create indexes, reset sequences, "
                       "batch rows = 1000, prefetch rows = 1000;\n")
    run = measured(["pgloader", command], postmaster)
    try:
        kept = int(psql(target.address, "SELECT (SELECT count(*) FROM post_metadata) + (SELECT count(*) FROM user_interactions)"))
    except subprocess.CalledProcessError:
        kept = 0
    return run | {"kept": kept}


def main():
    source = pathlib.Path(os.environ.get("SOURCE") or SCRATCH / "source.db")
    if not source.exists():
        fill(source)
    program = compiled("copy_rows", "-lsqlite3", "-lpq", "-I/usr/include/postgresql")
    runs, number = [], 0
    with postgres_cluster.cluster() as address:
        folder = pathlib.Path(address.split("host=")[1])
        postmaster = int((folder / "data/postmaster.pid").read_text().split()[0])
        for _ in range(ROUNDS):
            both = []
            for side in (least, ours):
                number += 1
                target = Target(address, number)
                both.append(side(target, source, postmaster, *([program] if side is least else [])))
                target.drop()
            runs.append(both)
        target = Target(address, number + 1)
        other = pgloader(target, source, postmaster)
        target.drop()
    mine = {name: median(run[1][name] for run in runs) for name in runs[0][1] if name not in ("out", "before_end")}
    peer = {name: median(run[0][name] for run in runs) for name in runs[0][0] if name not in ("out", "before_end")}
    print(f"{mine['rows']:.0f} rows, {source.stat().st_size / 1e6:.0f} MB; {ROUNDS} runs in turn, pgloader once, {load()}")
    table(["s", "product", "C, one pass, nothing checked", "pgloader, 1,000 rows a batch"],
          [["rows copied", f"{mine['copy']:.1f}", f"{peer['copy']:.1f}", ""], ["indexes and keys", f"{mine['build']:.1f}", f"{peer['build']:.1f}", ""],
           ["every row verified", f"{mine['verify']:.1f}", "", ""],
           ["whole, wall", f"{mine['wall']:.1f}", f"{peer['wall']:.1f}", f"{other['wall']:.1f}"],
           ["client CPU", f"{mine['client']:.1f}", f"{peer['client']:.1f}", f"{other['client']:.1f}"],
           ["server CPU", f"{mine['server']:.1f}", f"{peer['server']:.1f}", f"{other['server']:.1f}"],
           ["of these for the verification", f"{mine['cpu_verification']:.1f} + {mine['server_verification']:.1f}", "", ""],
           ["peak resident MB", f"{mine['rss']:.0f}", f"{peer['rss']:.0f}", f"{other['rss']:.0f}"],
           ["exit code", 0, 0, f"{other['code']}, {other['kept']} posts and interactions"]])

    def ratio(pick):
        return median(pick(run[1]) / pick(run[0]) for run in runs)
    def cpu(run):
        return run["client"] + run["server"] - run.get("cpu_verification", 0) - run.get("server_verification", 0)
    cost = {"wall": ratio(lambda run: run["copy"] + run["build"]), "cpu": ratio(cpu)}
    ours_cpu, peer_cpu = (median(cpu(run[side]) for run in runs) for side in (1, 0))
    line("move of 1 M posts and 5 M interactions: copy and indexes", f"{mine['copy'] + mine['build']:.1f} s", f"{peer['copy'] + peer['build']:.1f} s (C)",
         f"{cost['wall']:.2f}", "<= 1.15", cost["wall"] <= 1.15, ROUNDS)
    line("the same, CPU of client and server", f"{ours_cpu:.1f} s", f"{peer_cpu:.1f} s (C)",
         f"{cost['cpu']:.2f}", "<= 1.15", cost["cpu"] <= 1.15, ROUNDS)
    unchecked = mine["client"] - mine["cpu_verification"]
    line("the client's CPU, without verification", f"{unchecked:.1f} s", f"{other['client']:.1f} s (pgloader)", f"{unchecked / other['client']:.2f}", "<= 0.125",
         unchecked <= other["client"] / 8, ROUNDS)
    line("the same beside C", f"{unchecked:.1f} s", f"{peer['client']:.1f} s (C)", f"{unchecked / peer['client']:.2f}", "shown only", True, ROUNDS)
    share = median(run[1]["verify"] / run[1]["copy"] for run in runs)
    line("every row verified, beside copying it", f"{mine['verify']:.1f} s", f"{mine['copy']:.1f} s (own copy)", f"{share:.2f}", "<= 0.5", share <= 0.5, ROUNDS)
    line("peak resident", f"{mine['rss']:.0f} MB", f"{other['rss']:.0f} MB (pgloader)", f"{mine['rss'] / other['rss']:.2f}", "<= 64 MB", mine["rss"] <= 64, ROUNDS)


main()
