"""Runs the Swift tests, then the programs under Tests/EndToEnd; prints what was skipped, and one closing line.

A skipped test counts as a failure under CI unless Tests/may-skip.txt names it with its reason.
"""
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
RESULT = re.compile(r"Test run with (\d+) tests?.*? (passed|failed) after")
FAILED = re.compile(r"^✘ Test (?!run )(.+?) (?:with \d+ test cases? )?failed after")
SKIPPED = re.compile(r"^[^✔✘◇] Test (.+?) skipped(?:: .*|\.)?$")


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
    return ran - len(skipped) - len(failed), failed, skipped


def programs():
    """-> (passed, failed names): each Tests/EndToEnd/*.py is a test that exits 0."""
    passed, failed = 0, []
    python = ROOT / ".build/clients/python/bin/python"
    for path in sorted((ROOT / "Tests/EndToEnd").glob("*.py")):
        started = time.monotonic()
        code = subprocess.run([str(python), str(path)], cwd=ROOT).returncode
        if code != 0:
            # The real server resets a connection now and then: said aloud, and tried once more.
            print(f"tried again: {path.name}", flush=True)
            code = subprocess.run([str(python), str(path)], cwd=ROOT).returncode
        print(f"{'ok' if code == 0 else 'FAILED'} {path.name} after {time.monotonic() - started:.1f} s", flush=True)
        if code == 0:
            passed += 1
        else:
            failed.append(path.name)
    return passed, failed


def table(path):
    """Prints the rows that large tests left, as they stand in docs/reliability.md; -> names of those that did too little."""
    rows = [line.rstrip("\n").split("\t") for line in path.read_text().splitlines()] if path.exists() else []
    print("| test | planned | done | failed | seed | seconds |\n| --- | --- | --- | --- | --- | --- |")
    for row in sorted(rows):
        print("| " + " | ".join(row) + " |")
    return [f"{row[0]}: {row[2]} of {row[1]} done, {row[3]} failed" for row in rows if row[2] != row[1] or row[3] != "0"]


def main():
    arguments = sys.argv[1:]
    counts = ROOT / ".build/test-counts.tsv"
    counts.unlink(missing_ok=True)
    os.environ["SHELTIE_COUNTS_FILE"] = str(counts)
    passed, failed, skipped = 0, [], []
    for filter in [arguments] if arguments else [["--filter", f"^{target}\\."] for target in targets()]:
        started = time.monotonic()
        now_passed, now_failed, now_skipped = swift_tests(filter)
        if now_failed and not arguments:
            # Deadlines of a second or two fail on a machine that is busy with something else: said aloud, and tried once more.
            print(f"tried again: {filter[-1]} ({', '.join(now_failed)})", flush=True)
            now_passed, now_failed, now_skipped = swift_tests(filter)
        print(f"{now_passed} passed, {len(now_failed)} failed of {filter[-1]} after {time.monotonic() - started:.0f} s", flush=True)
        passed, failed, skipped = passed + now_passed, failed + now_failed, skipped + now_skipped
    if not arguments:
        more, broken = programs()
        passed, failed = passed + more, failed + broken
    allowed = {line.split("\t")[0] for line in (ROOT / "Tests/may-skip.txt").read_text().splitlines() if line and not line.startswith("#")}
    failed += table(counts)
    for name in skipped:
        print(f"skipped: {name}")
        if os.environ.get("CI") and name not in allowed:
            failed.append(f"{name} (skipped, and Tests/may-skip.txt does not allow it)")
    for name in failed:
        print(f"failed: {name}")
    if passed == 0:
        failed.append("no test ran")
    print(f"{passed} passed, {len(failed)} failed, {len(skipped)} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
