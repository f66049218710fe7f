"""CPU per request, requests a second and p50 of the proxy, beside nginx before the same origin on the same requests, in turn.

Pass-through: a page of 125 KB and an answer of 180 bytes, under wrk.
Home: readers at FULL who have liked five statuses, 400 candidates. Each round starts the proxy anew on a copy of one database,
with readers whom it does not know yet, and asks five times with each reader's token:
  cold    the newest page: identity, statuses and relationships are asked for, four rows are logged
  (warm)  the same page again: the four next candidates are asked for
  rows    an older page: nothing is asked for any more, four rows are logged
  (warm)  the same page again: the four next candidates are asked for
  again   the same page once more: nothing is asked for, the same four stand in it
"""
import shutil
import subprocess
import time

import benchmark
import client
from benchmark import BUILD, ROUNDS, SCRATCH, Server, free_port, line, load, median, table, wrk
from origin import Origin, front

READERS = 200
SECONDS = 2
AGENT = "User-Agent: Mozilla/5.0 (X11; Linux)"


def settings(origin, database):
    return {
        "SHELTIE_UPSTREAM": f"http://127.0.0.1:{origin.port}", "SHELTIE_ALLOW_LOOPBACK_UPSTREAM": "true", "SHELTIE_DATABASE": str(database),
        "SHELTIE_KEY_FILE": str(SCRATCH / "key"), "SHELTIE_DEFAULT_LEVEL": "FULL", "SHELTIE_REQUEST_BUDGET": "100000",
        "SHELTIE_INGEST_INTERVAL": "86400", "SHELTIE_LOG_LEVEL": "warning",
    }


def sheltie(origin, database, *arguments):
    environment = {**benchmark.os.environ, **settings(origin, database)}
    return subprocess.run([BUILD / "sheltie", *arguments], env=environment, check=True, capture_output=True, text=True).stdout


def serve(origin, database):
    port = free_port()
    return Server("sheltie", [BUILD / "sheltie", "serve"], port, {**settings(origin, database), "SHELTIE_LISTEN": f"127.0.0.1:{port}"})


def tokens():
    return [f"bench-{number}" for number in range(READERS)]


def checked(answers, recommendations=None):
    wrong = [answer for answer in answers if answer.status != 200]
    if wrong:
        raise SystemExit(f"{len(wrong)} of {len(answers)} answers were not 200: {wrong[0]}")
    if recommendations is not None:
        short = sum(answer.recommendations != recommendations for answer in answers)
        if short > len(answers) // 20:
            raise SystemExit(f"{short} of {len(answers)} pages did not hold {recommendations} recommendations")
    return answers


def prepare(origin):
    """-> a database with candidates, and readers with a history."""
    database = SCRATCH / "prepared.db"
    sheltie(origin, database, "key", "create")
    read = sheltie(origin, database, "ingest", "--once", "--json")
    print(f"ingest: {read.strip()}")
    with serve(origin, database) as server:
        likes = [client.request(f"/api/v1/statuses/{status}/favourite", token, "POST")
                 for place, token in enumerate(tokens()) for status in [origin.liked[(place + step * 7) % len(origin.liked)] for step in range(5)]]
        checked(client.run(server.port, likes, 16))
    return database


def counted(server, requests, connections, recommendations=None):
    """-> CPU microseconds a request, p50 in ms"""
    before = server.cpu
    answers = checked(client.run(server.port, requests, connections), recommendations)
    return (server.cpu - before) / len(requests) * 1e6, median(answer.milliseconds for answer in answers)


def home_round(origin, peer, prepared, connections, figures):
    database = SCRATCH / "round.db"
    for suffix in ("", "-wal", "-shm", ".lock"):
        (SCRATCH / f"round.db{suffix}").unlink(missing_ok=True)
    shutil.copy(prepared, database)
    newest, older = ([client.request(origin.home(page), token) for token in tokens()] for page in (0, 1))
    with serve(origin, database) as server:
        # The first reader brings the candidates into memory, as any day's first one does.
        client.run(server.port, [client.request(origin.home(0), "bench-99999")], 1)
        time.sleep(0.3)
        for name, requests in (("cold", newest), ("warm", newest), ("rows", older), ("warm", older), ("again", older)):
            asked = origin.asked()
            figures.setdefault(name, []).append(counted(server, requests, connections, 4))
            figures.setdefault(name + " asked", []).append((origin.asked() - asked) / READERS)
            figures.setdefault("nginx", []).append(counted(peer, requests, connections))
        rows = sheltie(origin, database, "db", "info", "--json")
    return rows


def home(origin, peer):
    prepared = prepare(origin)
    results = {}
    for connections, rounds in ((1, max(1, ROUNDS // 2)), (16, ROUNDS)):
        figures = results[connections] = {}
        for _ in range(rounds):
            home_round(origin, peer, prepared, connections, figures)
    rows = []
    for connections, figures in results.items():
        nginx = [median(part) for part in zip(*figures["nginx"])]
        for name in ("cold", "rows", "again"):
            cpu, p50 = (median(part) for part in zip(*figures[name]))
            rows.append([name, connections, len(figures[name]), f"{median(figures[name + ' asked']):.2f}", f"{cpu:.0f}", f"{nginx[0]:.0f}",
                         f"{cpu / nginx[0]:.2f}", f"{p50:.2f}", f"{nginx[1]:.2f}"])
    print(f"\nhome, {origin.home_bytes[1] // 1000} KB with 4 recommendations, {READERS} readers a round, {load()}")
    table(["request", "connections", "rounds", "asked of the instance", "CPU us", "nginx CPU us", "ratio", "p50 ms", "nginx p50 ms"], rows)
    figures = results[16]
    nginx = median(cpu for cpu, _ in figures["nginx"])
    for name, what, goal in (("rows", "home with 4 recommendations, warm, rows written, 16 connections", 6),
                             ("again", "home with the same 4 again, 16 connections", 6), ("cold", "home, cold: identity and display check asked", None)):
        cpu = median(cpu for cpu, _ in figures[name])
        line(what, f"{cpu:.0f} us CPU", f"{nginx:.0f} us (nginx)", f"{cpu / nginx:.1f}", f"<= {goal}" if goal else "shown only",
             not goal or cpu <= goal * nginx, len(figures[name]))


def streamed(origin, peer, database):
    rows = []
    with serve(origin, database) as server:
        for path, what, connections in (("/api/v1/timelines/tag/cats", "125 KB", 1), ("/api/v1/timelines/tag/cats", "125 KB", 16),
                                        ("/api/v1/timelines/tag/cats", "125 KB", 64), ("/api/v1/preferences", "180 B", 16)):
            ours, theirs = [], []
            for _ in range(ROUNDS):
                for side, one in ((ours, server), (theirs, peer)):
                    before = one.cpu
                    result = wrk(one.port, path, connections, SECONDS, (AGENT,))
                    if result["errors"]:
                        raise SystemExit(f"{result['errors']} answers were not 200")
                    side.append(((one.cpu - before) / result["count"] * 1e6, result["rate"], result["p50"]))
            (cpu, rate, p50), (cpu2, rate2, p502) = ([median(part) for part in zip(*side)] for side in (ours, theirs))
            # Each pair ran side by side under the same load, so the ratio is the median of the pairs' ratios.
            ratio = median(a[0] / b[0] for a, b in zip(ours, theirs))
            rows.append([what, connections, f"{cpu:.0f}", f"{cpu2:.0f}", f"{ratio:.2f}", f"{rate:.0f}", f"{rate2:.0f}", f"{p50:.2f}", f"{p502:.2f}"])
            line(f"pass-through, {what}, {connections} connections", f"{cpu:.0f} us CPU", f"{cpu2:.0f} us (nginx)", f"{ratio:.2f}",
                 "<= 3" if what == "125 KB" else "shown only", what != "125 KB" or ratio <= 3, ROUNDS)
    print(f"\npass-through, {ROUNDS} rounds of {SECONDS} s in turn, {load()}")
    table(["body", "connections", "CPU us", "nginx CPU us", "ratio", "req/s", "nginx req/s", "p50 ms", "nginx p50 ms"], rows)


def main():
    origin = Origin()
    with origin.server(), front(origin.port) as peer:
        home(origin, peer)
        streamed(origin, peer, SCRATCH / "prepared.db")


if __name__ == "__main__":
    main()
