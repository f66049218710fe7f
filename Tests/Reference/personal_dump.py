"""Everything about every alias of a database, read by the schema alone, beside what privacy reports say.

    personal_dump.py DATABASE < REPORTS

DATABASE is an SQLite file or a postgres:// address (read by psql). REPORTS has a report as JSON in each line, one of every alias asked
for. Which tables are personal stands in the migrations; their columns are the database's own. Prints how many aliases and rows were
compared, which values a report lacks and which it has too many, and ends with 1 where there are such.
"""
import collections
import datetime
import json
import pathlib
import re
import sqlite3
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
KINDS = ["FAVORITE", "BOOST", "REPLY", "BOOKMARK", "VIEW"]
TIMES = re.compile(r"_at$|^last_seen$|^until$")
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
# What stands for a person or a post inside, and never in a report.
INNER = {"tenant_id", "alias_key"}
OWN_KEYS = {"log_key", "decision_key", "exposure_key", "event_key"}


def personal_tables():
    text = "".join(path.read_text() for path in sorted((ROOT / "migrations/sqlite").glob("*.sql")))
    return re.findall(r"^-- class: personal\n(?:-- .*\n)*CREATE TABLE (\w+)", text, re.M)


class File:
    def __init__(self, path):
        self.base = sqlite3.connect(f"file:{path}?mode=ro", uri=True)

    def columns(self, table):
        return [row[1] for row in self.base.execute(f"PRAGMA table_info({table})")]

    def rows(self, table, columns):
        cursor = self.base.execute(f"SELECT {', '.join(columns)} FROM {table}")
        return [dict(zip(columns, row)) for row in cursor]


class Server:
    def __init__(self, url):
        self.url = url

    def ask(self, sql):
        done = subprocess.run(["psql", "--no-psqlrc", "-At", "-c", sql, self.url], capture_output=True, text=True)
        if done.returncode:
            sys.exit(done.stderr)
        return done.stdout.splitlines()

    def columns(self, table):
        found = [line.split("|") for line in self.ask(
            "SELECT a.attname, format_type(a.atttypid, NULL) FROM pg_attribute a "
            f"WHERE a.attrelid = to_regclass('{table}') AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum")]
        self.types = {name: kind for name, kind in found}
        return list(self.types)

    def rows(self, table, columns):
        self.columns(table)
        def column(name):
            if self.types[name] == "timestamp with time zone":
                return f"(extract(epoch from {name}) * 1000000)::bigint AS {name}"
            return f"{name}::text AS {name}" if self.types[name] == "jsonb" else name
        return [json.loads(line) for line in self.ask(
            f"SELECT row_to_json(t) FROM (SELECT {', '.join(column(name) for name in columns)} FROM {table}) t")]


def dumped(base):
    """alias id -> Counter of (table, row) as a report must have them."""
    posts = {(row["tenant_id"], row["post_key"]): row for row in base.rows("post_metadata", ["tenant_id", "post_key", "post_id", "author_key", "local_id"])}
    authors = {(row["tenant_id"], row["author_key"]): row["author_id"] for row in base.rows("authors", ["tenant_id", "author_key", "author_id"])}
    people = {(row["tenant_id"], row["alias_key"]): row["alias_id"] for row in base.rows("user_aliases", ["tenant_id", "alias_key", "alias_id"])}
    rows = collections.defaultdict(collections.Counter)
    for table in personal_tables():
        columns = base.columns(table)
        for row in base.rows(table, columns):
            tenant, shown = row["tenant_id"], {}
            for name, value in row.items():
                if name in INNER:
                    continue
                elif name == "post_key":
                    post = posts.get((tenant, value))
                    shown["post_id"] = post["post_id"] if post else None
                    if table in ("user_interactions", "recommendation_logs"):
                        shown["local_id"] = post["local_id"]
                    if table == "user_interactions":
                        shown["author_id"] = authors[(tenant, post["author_key"])]
                elif name == "author_key":
                    shown["author_id"] = authors[(tenant, value)]
                elif name in OWN_KEYS:
                    shown["id"] = value
                elif name == "kind":
                    shown["interaction_type"] = KINDS[value]
                else:
                    shown[name] = value
            rows[people[(tenant, row["alias_key"])]][(table, row_key(shown))] += 1
    return rows


def row_key(row):
    return tuple(sorted((name, plain(value) if value is None or isinstance(value, str) else float(value)) for name, value in row.items()))


def plain(text):
    """JSON within a cell without the spaces that PostgreSQL shows it with; other texts as they are."""
    if text and text[0] in "{[":
        try:
            return json.dumps(json.loads(text), separators=(",", ":"), ensure_ascii=False)
        except ValueError:
            pass
    return text


def told(report, like):
    """Counter of (table, row) that a report has, its cells read as the database's values of the same columns."""
    rows = collections.Counter()
    for table in report.get("tables", []):
        if table["rows"] != len(table["content"]):
            sys.exit(f"a report counts {table['rows']} rows of {table['name']} and shows {len(table['content'])}")
        for row in table["content"]:
            values = {}
            for name, cell in row.items():
                if cell is not None and TIMES.search(name):
                    moment = datetime.datetime.fromisoformat(cell.replace("Z", "+00:00"))
                    values[name] = (moment - EPOCH) // datetime.timedelta(microseconds=1)
                elif cell is not None and like.get((table["name"], name)):
                    values[name] = float(cell)
                else:
                    values[name] = cell
            rows[(table["name"], row_key(values))] += 1
    return rows


def main():
    base = Server(sys.argv[1]) if "://" in sys.argv[1] else File(sys.argv[1])
    truth = dumped(base)
    numbers = {}
    for rows in truth.values():
        for table, row in rows:
            for name, value in row:
                numbers[(table, name)] = numbers.get((table, name), False) or isinstance(value, float)
    reports = [json.loads(line) for line in sys.stdin]
    missing = extra = compared = 0
    asked = set()
    for report in reports:
        alias = report.get("alias")
        asked.add(alias)
        want, got = truth.get(alias, collections.Counter()), told(report, numbers)
        compared += sum(want.values())
        for (table, row), count in (want - got).items():
            missing += count * len(row)
            print(f"lacks a row of {table}: {row}")
        for (table, row), count in (got - want).items():
            extra += count * len(row)
            print(f"has too much in {table}: {row}")
    forgotten = set(truth) - asked
    if forgotten:
        print(f"{len(forgotten)} aliases have no report")
    print(f"{len(reports)} reports, {compared} rows, {missing} values missing, {extra} extra")
    sys.exit(1 if missing or extra or forgotten or not compared else 0)


main()
