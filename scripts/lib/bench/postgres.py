"""Interactions over HTTP, each answered after its commit, beside pgbench's inserts on the same server; and posts beside plain COPY.

Interactions: 64 connections of wrk send favourites by readers at FULL; the instance behind the proxy is nginx with static answers.
pgbench (prepared, one insert into a table with the same key a transaction, 64 clients) takes turns with it on a server of this
run's own, with fsync on.
Posts: new rows through the store, 200 a transaction as the ingest's batches, beside COPY of the same rows into a table with the same indexes.
"""
import os
import re
import resource
import subprocess
import sys

import client
from benchmark import BUILD, ROOT, ROUNDS, SCRATCH, Server, free_port, line, load, median, product, table
from origin import Origin
from proxy import checked, settings

sys.path.insert(0, str(ROOT / "scripts/lib"))
import postgres_cluster  # noqa: E402

CONNECTIONS = 64
READERS = 400
SECONDS = 5
POSTS = 50_000

INSERT = """\\set alias random(1, 2000)
\\set post random(1, 1000000000)
INSERT INTO plain (tenant_id, alias_key, post_key, kind, occurred_at) VALUES (1, :alias, :post, 0, now())
ON CONFLICT (tenant_id, alias_key, post_key, kind) DO UPDATE SET occurred_at = excluded.occurred_at;
"""

LUA = """
local ids = {{ {ids} }}
local number = 0
function init(args) math.randomseed(os.time()) end
function request()
  number = number + 1
  local field = {{ ["Authorization"] = "Bearer bench-" .. math.random(0, {readers} - 1), ["Content-Length"] = "0", ["User-Agent"] = "bench" }}
  return wrk.format("POST", "/api/v1/statuses/" .. ids[math.random(#ids)] .. "/favourite", field)
end
local kept, other = 0, 0
function response(status, headers)
  if headers["X-Sheltie-Kept"] == "yes" or headers["x-sheltie-kept"] == "yes" then kept = kept + 1 else other = other + 1 end
  if kept + other == 1 or (kept + other) % 100 == 0 then
    local file = io.open("{counts}", "w")
    file:write(kept .. " " .. other .. "\\n")
    file:close()
  end
end
"""


class Postgres:
    """The server of the run and its CPU: that of the postmaster's children, too."""

    def __init__(self):
        self.cluster = postgres_cluster.Server({"fsync": "on", "full_page_writes": "on", "max_connections": "200", "shared_buffers": "256MB", "max_wal_size": "2GB"})
        self.address = self.cluster.address

    def __enter__(self):
        self.cluster.make()
        self.cluster.start()
        return self

    def __exit__(self, *_):
        self.cluster.remove()

    def sql(self, text, address=None):
        return subprocess.run(["psql", "-XAtqv", "ON_ERROR_STOP=1", "-c", text, address or self.address], check=True, capture_output=True, text=True).stdout.strip()

    @property
    def cpu(self):
        """Seconds of all sessions so far, those that have ended included."""
        ticks = 0
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    stat = open(f"/proc/{entry}/stat").read()
                except OSError:
                    continue
                fields = stat[stat.rindex(")") + 2:].split()
                if int(entry) == self.cluster.process.pid:
                    ticks += sum(map(int, fields[11:15]))
                elif int(fields[1]) == self.cluster.process.pid:
                    ticks += sum(map(int, fields[11:13]))
        return ticks / os.sysconf("SC_CLK_TCK")


def pgbench(server):
    script = SCRATCH / "insert.sql"
    script.write_text(INSERT)
    out = subprocess.run([server.cluster.programs / "pgbench", "-n", "-M", "prepared", "-c", str(CONNECTIONS), "-j", "2", "-T", str(SECONDS), "-f", script,
                          "-h", server.cluster.folder, "-U", "postgres", "postgres"], check=True, capture_output=True, text=True).stdout
    return float(re.search(r"tps = ([\d.]+)", out)[1])


def favourites(port, origin):
    """-> acts a second that were said to be kept, and how many there were"""
    script, counts = SCRATCH / "favourites.lua", SCRATCH / "kept"
    script.write_text(LUA.format(ids=", ".join(f'"{one}"' for one in origin.candidates), readers=READERS, counts=counts))
    counts.unlink(missing_ok=True)
    out = subprocess.run(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--timeout", "20s", "-s", script, f"http://127.0.0.1:{port}"],
                         check=True, capture_output=True, text=True).stdout
    rate, count = float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]), int(re.search(r"(\d+) requests in", out)[1])
    kept, other = map(int, counts.read_text().split())
    if other > kept // 100:
        raise SystemExit(f"{other} acts were not kept, {kept} were:\n{out}")
    return rate * kept / (kept + other), count


def environment(origin, database):
    return {**os.environ, **settings(origin, database)}


def interactions(server, origin):
    subprocess.run([BUILD / "sheltie", "key", "create"], env=environment(origin, server.address), check=True, capture_output=True)
    subprocess.run([BUILD / "sheltie", "ingest", "--once"], env=environment(origin, server.address), check=True, capture_output=True)
    server.sql("CREATE TABLE plain (tenant_id bigint, alias_key bigint, post_key bigint, kind smallint, occurred_at timestamptz NOT NULL,"
               " PRIMARY KEY (tenant_id, alias_key, post_key, kind))")
    port = free_port()
    runs = []
    with Server("sheltie", [BUILD / "sheltie", "serve"], port,
                {**settings(origin, server.address), "SHELTIE_LISTEN": f"127.0.0.1:{port}", "SHELTIE_DECISION_MILLISECONDS": "2000"}) as serving:
        # Everybody comes once before it is measured.
        likes = [client.request(f"/api/v1/statuses/{origin.candidates[0]}/favourite", f"bench-{reader}", "POST") for reader in range(READERS)]
        checked(client.run(port, likes, 16))
        favourites(port, origin)
        server.sql("ANALYZE")
        for _ in range(ROUNDS):
            ours, database, asked = serving.cpu, server.cpu, origin.process.cpu
            rate, count = favourites(port, origin)
            ours, database, asked = ((after - before) / count * 1e6 for after, before in
                                     ((serving.cpu, ours), (server.cpu, database), (origin.process.cpu, asked)))
            before = server.cpu
            peer = pgbench(server)
            runs.append((rate, peer, ours, database, (server.cpu - before) / (peer * SECONDS) * 1e6, asked))
    rate, peer, ours, database, theirs, asked = (median(part) for part in zip(*runs))
    ratio = median(run[0] / run[1] for run in runs)
    print(f"interactions over HTTP, {CONNECTIONS} connections, {ROUNDS} rounds of {SECONDS} s in turn, {load()}")
    table(["", "a second", "CPU us: service", "CPU us: database", "CPU us: instance"],
          [["favourites over HTTP, committed", f"{rate:.0f}", f"{ours:.0f}", f"{database:.0f}", f"{asked:.0f}"],
           ["pgbench, one insert a transaction", f"{peer:.0f}", "", f"{theirs:.0f}", ""]])
    line(f"interactions over HTTP, committed, {CONNECTIONS} connections", f"{rate:.0f}/s", f"{peer:.0f}/s (pgbench)", f"{ratio:.2f}", ">= 1.5", ratio >= 1.5, ROUNDS)
    line("the database's CPU for one of them", f"{database:.0f} us CPU", f"{theirs:.0f} us (pgbench)", f"{database / theirs:.2f}", "shown only", True, ROUNDS)


def children():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def posts(server, origin):
    runs = []
    for number in range(ROUNDS):
        server.sql(f"CREATE DATABASE posts{number}")
        address = server.address.replace("/postgres?", f"/posts{number}?")
        subprocess.run([BUILD / "sheltie", "db", "migrate"], env=environment(origin, address), check=True, capture_output=True)
        # As after the first minutes: the tables have rows and the planner knows how many.
        product("posts", address, 5_000)
        server.sql("ANALYZE", address)
        before = server.cpu
        ours = product("posts", address, POSTS)["posts"]
        ours_server = (server.cpu - before) / POSTS * 1e6
        file = SCRATCH / "posts.copy"

        def psql(command):
            subprocess.run(["psql", "-Xqv", "ON_ERROR_STOP=1", "-c", command, address], check=True)
        # The same rows into the same empty table, with its indexes, checks and foreign keys.
        psql("DELETE FROM post_metadata WHERE post_key <= 5000")
        psql(f"\\copy post_metadata to '{file}' with (format binary)")
        psql("DELETE FROM post_metadata")
        psql("VACUUM FULL post_metadata")
        client_before, before = children(), server.cpu
        psql(f"\\copy post_metadata from '{file}' with (format binary)")
        runs.append((ours, ours_server, (children() - client_before) / POSTS * 1e6, (server.cpu - before) / POSTS * 1e6))
        server.sql(f"DROP DATABASE posts{number} WITH (FORCE)")
    ours, ours_server, peer, peer_server = (median(part) for part in zip(*runs))
    ratio = median((run[0] + run[1]) / (run[2] + run[3]) for run in runs)
    print(f"{POSTS} new posts, 200 a transaction, {ROUNDS} runs in turn, {load()}")
    table(["CPU us a post", "client", "server"], [["kept by the store", f"{ours:.1f}", f"{ours_server:.1f}"], ["COPY BINARY", f"{peer:.1f}", f"{peer_server:.1f}"]])
    line("a new post kept on PostgreSQL", f"{ours + ours_server:.1f} us CPU", f"{peer + peer_server:.1f} us (COPY)", f"{ratio:.2f}", "<= 1.5", ratio <= 1.5, ROUNDS)


def main():
    origin = Origin()
    with origin.server() as origin.process, Postgres() as server:
        posts(server, origin)
        interactions(server, origin)


if __name__ == "__main__":
    main()
