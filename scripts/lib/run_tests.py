"""Runs the Swift tests, then the programs under Tests/EndToEnd; prints what was skipped and what was tried again, and one closing line.

A skipped test counts as a failure under CI unless Tests/may-skip.txt names it with its reason. A target without a test that ran is a
failure, and in a run of everything so is a large test of Tests/counts.json that left no row.
"""
import datetime
import json
import os
import pathlib
import re
import subprocess
import sys
import time

import check_statements

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
RESULT = re.compile(r"Test run with (\d+) tests?.*? (passed|failed) after")
FAILED = re.compile(r"^✘ Test (?!run )(.+?) (?:with \d+ test cases? )?failed after")
SKIPPED = re.compile(r"^[^✔✘◇] Test (.+?) skipped(?:: .*|\.)?$")
# What may be tried once more: deadlines of a second or two, which a busy machine breaks, and a real server that resets a connection now
# and then. None of them proves what is kept about a person or what survives; a race there must not pass at the second try.
MAY_REPEAT = {"CurlTests", "HTTPServiceTests", "JobsTests", "ProxyTests", "snac.py"}
PAGE = ROOT / "docs/reliability.md"
BEGIN, END = "<!-- counts: begin -->\n", "<!-- counts: end -->"


def targets():
    """The test targets: each is run by itself, since all of them in one process would starve each other's deadlines."""
    return sorted(folder.name for folder in (ROOT / "Tests").glob("*Tests"))


def swift_tests(arguments):
    """-> (passed, failed, skipped names) of one `swift test`, its output passed on."""
    process = subprocess.Popen(["swift", "test", "--skip-build", *arguments], cwd=ROOT, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, errors="replace")
    ran, failed, skipped = 0, [], []
    for line in process.stdout:
        if not re.match(r"^[◇] ", line):
            sys.stdout.write(line)
            sys.stdout.flush()
        if match := RESULT.search(line):
            ran += int(match[1])
        if match := FAILED.match(line):
            failed.append(match[1])
        if match := SKIPPED.match(line):
            skipped.append(match[1].strip('"'))
    code = process.wait()
    if code != 0 and not failed:
        failed.append(f"swift test ended with {code}")
    # A crash leaves a failure without a count of what ran.
    return max(0, ran - len(skipped) - len(failed)), failed, skipped


def program(path):
    """-> (passed, failed, skipped names) of one Tests/EndToEnd/*.py: a test that exits 0."""
    python = ROOT / ".build/clients/python/bin/python"
    code = subprocess.run([str(python), str(path)], cwd=ROOT).returncode
    return (1, [], []) if code == 0 else (0, [path.name], [])


def tried(name, run, counts, repeated):
    """What `run` gives, or what it gives once more when it failed and `name` may be repeated, which `repeated` then tells."""
    started = time.monotonic()
    rows = counts.read_text() if counts.exists() else ""
    passed, failed, skipped = run()
    if failed and name in MAY_REPEAT:
        repeated.append(f"{name} ({', '.join(failed)})")
        print(f"tried again: {repeated[-1]}", flush=True)
        counts.write_text(rows)
        passed, failed, skipped = run()
    if not passed and not failed:
        failed = [f"{name}: no test ran"]
    print(f"{passed} passed, {len(failed)} failed of {name} after {time.monotonic() - started:.0f} s", flush=True)
    return passed, failed, skipped


def rows_of(path):
    """The rows that large tests left: name, planned, done, failed, seed, seconds."""
    return sorted(line.split("\t") for line in path.read_text().splitlines()) if path.exists() else []


def table(rows):
    """The rows as they stand in docs/reliability.md."""
    lines = [["test", "planned", "done", "failed", "seed", "seconds"], ["---"] * 6, *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def missed(rows, is_whole):
    """-> a sentence for each large test that did too little, or nothing in a run of everything."""
    few = [f"{row[0]}: {row[2]} of {row[1]} done, {row[3]} failed" for row in rows if row[2] != row[1] or row[3] != "0"]
    wanted = json.loads((ROOT / "Tests/counts.json").read_text()) if is_whole else {}
    return few + [f"{name}: left no row" for name in sorted(wanted.keys() - {row[0] for row in rows})]


def record(rows):
    """Puts the table of a whole run at full counts between the marks of docs/reliability.md."""
    text = PAGE.read_text()
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    day = datetime.datetime.now(datetime.timezone.utc)
    words = f"Of one run of `scripts/test --full --record` on {os.cpu_count()} cores, {day.day} {day:%B %Y} (debug build):\n\n"
    PAGE.write_text(before + BEGIN + words + table(rows) + END + after)


def main():
    arguments = sys.argv[1:]
    is_recorded = arguments == ["--record"]
    only = [] if is_recorded else arguments
    counts = ROOT / ".build/test-counts.tsv"
    counts.unlink(missing_ok=True)
    os.environ["SHELTIE_COUNTS_FILE"] = str(counts)
    if only:
        runs = [(only[-1], lambda: swift_tests(only))]
    else:
        runs = [(name, lambda name=name: swift_tests(["--filter", f"^{name}\\."])) for name in targets()]
        runs += [(path.name, lambda path=path: program(path)) for path in sorted((ROOT / "Tests/EndToEnd").glob("*.py"))]
    passed, failed, skipped, repeated = 0, [], [], []
    for name, run in runs:
        now_passed, now_failed, now_skipped = tried(name, run, counts, repeated)
        passed, failed, skipped = passed + now_passed, failed + now_failed, skipped + now_skipped
    allowed = {line.split("\t")[0] for line in (ROOT / "Tests/may-skip.txt").read_text().splitlines() if line and not line.startswith("#")}
    rows = rows_of(counts)
    print(table(rows), end="")
    failed += missed(rows, is_whole=not only)
    if not only and "SHELTIE_TEST_POSTGRES" in os.environ:
        failed += check_statements.faults_of_run()
    for name in skipped:
        print(f"skipped: {name}")
        if os.environ.get("CI") and name not in allowed:
            failed.append(f"{name} (skipped, and Tests/may-skip.txt does not allow it)")
    for name in repeated:
        print(f"tried again: {name}")
    for name in failed:
        print(f"failed: {name}")
    if is_recorded and not failed:
        record(rows)
    print(f"{passed} passed, {len(failed)} failed, {len(skipped)} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
