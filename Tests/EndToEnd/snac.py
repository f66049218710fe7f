#!/usr/bin/env python3
"""The product between a real server and a real client: snac2 from Debian, Mastodon.py from PyPI, nothing invented but the people.

Run by scripts/test, or by itself after scripts/setup-clients and swift build:
    .build/clients/python/bin/python Tests/EndToEnd/snac.py
SHELTIE_BINARY names another binary. Ends with 0 when every check held.
"""
import collections
import hashlib
import itertools
import pathlib
import re
import sqlite3
import sys
import tempfile
import zlib

import requests
from mastodon import Mastodon

from support import oauth, timeline
from support.checks import Checks, until
from support.instance import Instance
from support.service import Service
from support.timeline import is_recommendation, raw
from support.village import FOLLOWED, FRIEND, READER, STARS, TAG, Village

RECOMMENDATIONS = 20
REASONS = 4


class Run:
    def __init__(self, folder):
        self.check = Checks()
        self.instance = Instance(folder)
        self.service = Service(
            folder, self.instance.base, indexable_unknown="allow-local", request_budget=100_000, decision_milliseconds=10_000,
            ingest_interval=86_400, contact="mailto:operator@example.org")
        self.village = Village(self.instance)
        self.followed = FOLLOWED + [FRIEND]
        self.client = None
        self.token = None
        # Wrapper id -> the recommendation as the client saw it first.
        self.seen = {}

    def run(self):
        self.seed()
        self.log_in()
        self.at_none()
        self.first_reading()
        self.acts()
        self.second_reading()
        self.lists()
        self.logs()
        self.privacy()
        self.check.that("serve ends on SIGTERM with 0", self.service.stop() == 0)
        self.check.that("no token and no handle of the reader is in the log",
                        self.token not in self.service.log() and READER not in self.service.log())

    def seed(self):
        self.check.stage("an instance with twelve people")
        self.instance.start()
        self.village.log_in()

    def log_in(self):
        self.check.stage("log in through the proxy")
        check = self.check
        self.service.run("key", "create")
        base = self.service.serve()
        client_id, secret = Mastodon.create_app("end to end", api_base_url=base, redirect_uris=oauth.REDIRECT, scopes=oauth.SCOPES)
        self.client = Mastodon(client_id=client_id, client_secret=secret, api_base_url=base)
        address = self.client.auth_request_url(redirect_uris=oauth.REDIRECT, scopes=oauth.SCOPES)
        check.that("the log-in address is the proxy's", address.startswith(base + "/oauth/authorize?"), address)
        answer = requests.get(address, allow_redirects=False, timeout=30)
        check.equal("it answers with a redirect to the instance's own page, the query as it was",
                    (answer.status_code, answer.headers.get("Location")),
                    (302, self.instance.base + "/oauth/authorize?" + address.split("?", 1)[1]))
        code, visited = oauth.code(address, READER, self.village.passwords[READER])
        check.that("the password went to the instance alone",
                   all(url.startswith(self.instance.base) for _, url in visited[1:]), visited)
        self.token = self.client.log_in(code=code, redirect_uri=oauth.REDIRECT, scopes=oauth.SCOPES)
        check.equal("the token is the reader's", self.client.account_verify_credentials().username, READER)
        for name in FOLLOWED + [FRIEND]:
            self.client.account_follow(self.client.account_lookup(name).id)

        def followed():
            ids = [self.village.people[name].id for name in FOLLOWED + [FRIEND]]
            return all(self.client.account_relationships(one)[0].following for one in ids)
        check.that("the reader follows five people", until(30, followed))

        check.stage("seventy-eight posts by followed people, forty-two by strangers")
        self.village.write(18)
        self.village.write_as(STARS, 4)
        self.arrived()
        applauded = self.village.by(STARS)[-12:]
        kept = self.service.json("ingest", "--once", "--json")
        check.that("the whole public timeline is read, page by page", kept["kept"] >= len(self.village.posts), kept)
        check.that("the applause shows in the public counters",
                   self.village.applaud(applauded[:2], 9) and self.village.applaud(applauded[2:], 1))
        again = self.service.json("ingest", "--once", "--json")
        check.that("the next reading sees the counters grown, and no new post", again["kept"] >= len(applauded), again)

    def arrived(self):
        """Waits until the reader's home holds every post of the followed, as delivery takes seconds."""
        wanted = {post["id"] for post in self.village.posts if post["by"] in self.followed}
        got = until(90, lambda: wanted <= {status["id"] for status in timeline.feed(self.instance.base, self.token)}, pause=1)
        self.check.that(f"all {len(wanted)} posts of followed people are in the reader's home", got)

    def at_none(self):
        self.check.stage("level NONE: nothing changed, nothing kept")
        check = self.check
        for path in ["/api/v1/timelines/home", "/api/v1/timelines/home?limit=40", "/api/v1/timelines/home?limit=7"]:
            ours, theirs = (raw(base, path, self.token, agent="Mozilla/5.0") for base in (self.service.base, self.instance.base))
            check.that(f"{path} has upstream's bytes", ours.content == theirs.content and ours.status_code == 200)
            check.equal("and upstream's links, with the proxy's host",
                        ours.headers.get("Link"), theirs.headers["Link"].replace(self.instance.base, self.service.base))
        self.client.status_favourite(self.village.by(FOLLOWED)[0]["id"])
        self.client.status_unfavourite(self.village.by(FOLLOWED)[0]["id"])
        check.equal("no person is in the database", self.rows("SELECT count(*) FROM UserAlias"), [(0,)])
        check.equal("and no act", self.rows("SELECT count(*) FROM UserInteraction"), [(0,)])
        report = self.service.json("privacy", "report", "--json", token=self.token)
        check.equal("the report says NONE", report["level"], "NONE")
        check.that("a setting is refused at NONE",
                   "level NONE" in self.service.run("preferences", "set", "label", "reblog", token=self.token, code=77))
        check.that("an unknown token is refused in words",
                   "does not accept this token" in self.service.run("privacy", "report", token="unknown", code=77))

    def first_reading(self):
        self.check.stage("level FULL: reading as somebody of whom nothing is known yet")
        check = self.check
        self.service.run("privacy", "set", "--level", "FULL", token=self.token)
        check.that("a script gets home as it is, unless its owner asks",
                   not any(map(is_recommendation, self.client.timeline_home(limit=20))))
        self.service.run("preferences", "set", "label", "reblog", token=self.token)
        self.client.timeline_home(limit=4)
        check.that("with the label `reblog` set it gets recommendations",
                   any(map(is_recommendation, self.client.timeline_home(limit=20))))
        self.read("first reading")

    def read(self, name):
        """Reads home to its end through the proxy and compares it with the server's own."""
        check = self.check
        upstream = [status["id"] for status in timeline.feed(self.instance.base, self.token)]
        # These show nothing, but tell the proxy which of its candidates are by people whom the reader follows.
        short = [status for _ in range(3) for status in self.client.timeline_home(limit=4)]
        check.that(f"{name}: a page of four holds no recommendation", not any(map(is_recommendation, short)))
        pages = self.walk()
        # A page that had no room or no candidate when it was first read may still get one: after that it stands still.
        for _ in range(4):
            before, pages = pages, self.walk()
            if ids(before) == ids(pages):
                break
        sequence = [status for page in pages for status in page]
        own = [status.id for status in sequence if not is_recommendation(status)]
        check.equal(f"{name}: without recommendations the pages are upstream's feed, each post once, in order", own, upstream)
        check.equal(f"{name}: no id comes twice", len({status.id for status in sequence}), len(sequence))
        lengths, cursor = [], None
        for page in pages:
            path = "/api/v1/timelines/home?limit=20" + (f"&max_id={cursor}" if cursor else "")
            lengths.append(len(raw(self.instance.base, path, self.token).json()))
            cursor = page[-1].id
        check.equal(f"{name}: every page is as long as upstream's", [len(page) for page in pages], lengths)
        check.that(f"{name}: first and last of every page are upstream's",
                   not any(is_recommendation(page[0]) or is_recommendation(page[-1]) for page in pages))
        check.that(f"{name}: at most a fifth of a page, and four",
                   all(sum(map(is_recommendation, page)) <= min(4, len(page) // 5) for page in pages))
        found = [status for status in sequence if is_recommendation(status)]
        inner = [status.reblog.id for status in found]
        check.that(f"{name}: {len(pages)} pages with {len(found)} recommendations, each of another post that the person does not have",
                   len(set(inner)) == len(inner) and not set(inner) & set(upstream))
        check.equal(f"{name}: read again, every page is the same", ids(self.walk()), ids(pages))
        self.answered(found, name)

    def walk(self):
        pages = timeline.walk(self.client)
        for status in filter(is_recommendation, itertools.chain(*pages)):
            first = self.seen.setdefault(status.id, status)
            if (first.reblog.id, first.account.id) != (status.reblog.id, status.account.id):
                self.check.that("an entry's id means one post and one reason for ever", False, status.id)
        return pages

    def answered(self, found, name):
        """Each entry's id is answered by the proxy, the post inside by the instance, and its bytes are the instance's."""
        check, problems = self.check, []
        pages = [raw(self.service.base, "/api/v1/timelines/home?limit=20", self.token)]
        while link := re.search(r'<([^>]+)>; rel="next"', pages[-1].headers.get("Link", "")):
            pages.append(raw(self.service.base, link[1][len(self.service.base):], self.token))
            if not pages[-1].json():
                break
        text = b"".join(page.content for page in pages)
        for status in found:
            wrapper = raw(self.service.base, "/api/v1/statuses/" + status.id, self.token)
            inside = raw(self.instance.base, "/api/v1/statuses/" + status.reblog.id, self.token)
            if (wrapper.status_code, inside.status_code) != (200, 200):
                problems.append((status.id, wrapper.status_code, inside.status_code))
            elif inside.content.strip() not in text or inside.content.strip() not in wrapper.content:
                now, shown = inside.json(), wrapper.json()["reblog"]
                problems.append((status.id, "not what the instance sends", [name for name in now if now[name] != shown.get(name)]))
            if raw(self.instance.base, "/api/v1/statuses/" + status.id, self.token).status_code != 404:
                problems.append((status.id, "the instance has a post of this id"))
        check.equal(f"{name}: each entry's id is answered, the post inside is byte for byte the instance's", problems, [])

    def acts(self):
        self.check.stage("acts through the proxy, by the ids that the client was shown")
        check, client = self.check, self.client
        entry = next(iter(self.seen.values()))
        target = entry.reblog.id
        # Replied to first: snac lets people act on what was delivered to them, or what they have answered.
        reply = client.status_post("So do I", in_reply_to_id=entry.id)
        check.equal("a reply to an entry answers the post inside", reply.in_reply_to_id, target)
        check.equal("and is kept", self.interactions(entry.reblog), ["REPLY"])
        answer = client.status_favourite(entry.id)
        check.that("a favourite on an entry is one on the post inside", answer.id == target and answer.favourited, answer.id)
        client.status_unfavourite(entry.id)
        check.equal("taking it back removes the row", self.interactions(entry.reblog), ["REPLY"])
        client.status_favourite(target)
        client.status_favourite(target)
        check.equal("favourite, unfavourite, favourite, favourite: one row", self.interactions(entry.reblog), ["FAVORITE", "REPLY"])
        client.status_bookmark(entry.id)
        client.status_reblog(entry.id)
        check.equal("favourite, bookmark, reblog and reply are kept, each once",
                    self.interactions(entry.reblog), ["BOOKMARK", "BOOST", "FAVORITE", "REPLY"])
        check.that("the instance counts the favourite", until(30, lambda: self.status(target)["favourites_count"] > entry.reblog.favourites_count))

        picture = client.media_post(png(), mime_type="image/png", description="a square of one colour")
        posted = client.status_post("With a picture", media_ids=[picture])
        check.equal("a post with a picture arrives, with its description",
                    [attached["description"] for attached in self.status(posted.id)["media_attachments"]], ["a square of one colour"])

        for post in self.village.by(FOLLOWED, TAG)[:6]:
            client.status_favourite(post["id"])
        for post in self.village.by([FRIEND])[:4]:
            client.status_favourite(post["id"])
            client.status_reblog(post["id"])
            client.status_bookmark(post["id"])
        counts = [count for (count,) in self.rows("SELECT interaction_count FROM AuthorPreference")]
        check.that("an author liked in twelve acts is in the preferences", max(counts, default=0) >= 12, counts)
        # People whom the reader follows are liked most of all, and are no recommendation.
        for post in self.village.by(FOLLOWED[:1])[:8]:
            client.status_favourite(post["id"])
            client.status_reblog(post["id"])
        client.account_unfollow(self.village.people[FRIEND].id)
        self.followed = FOLLOWED

    def second_reading(self):
        self.check.stage("eighty-four new posts, and a reader who is known now")
        self.village.write(14)
        self.arrived()
        kept = self.service.json("ingest", "--once", "--json")
        self.check.that("the new posts are read", kept["kept"] >= 84, kept)
        self.read("second reading")
        reasons = collections.Counter(status.x_recommendation["code"] for status in self.seen.values())
        print("       " + ", ".join(f"{reason} {count}" for reason, count in reasons.most_common()))
        self.check.that(f"at least {RECOMMENDATIONS} recommendations were seen: {len(self.seen)}", len(self.seen) >= RECOMMENDATIONS)
        self.check.that(f"for at least {REASONS} reasons: {len(reasons)}", len(reasons) >= REASONS)

    def lists(self):
        self.check.stage("lists of ours among the reader's own")
        check, client = self.check, self.client
        own = raw(self.instance.base, "/api/v1/lists", self.token).json()
        shown = client.lists()
        check.equal("they stand last, behind the reader's own",
                    [entry.title for entry in shown[len(own):]], ["For you", "Catch up", "Quiet friends"])
        for_you, catch_up, quiet = (entry.id for entry in shown[len(own):])
        found, page = [], client.timeline_list(for_you, limit=10)
        while page:
            found.append(page)
            page = client.fetch_next(page)
        entries = [status for page in found for status in page]
        check.that(f"For you: {len(found)} pages with {len(entries)} entries, each a recommendation, none twice",
                   len(entries) >= 10 and all(map(is_recommendation, entries)) and len({status.reblog.id for status in entries}) == len(entries))
        check.equal("every page but the last is full", {len(page) for page in found[:-1]} - {10}, set())
        falling = [str(status.id) for status in entries]
        check.that("their ids look as the server's and fall", falling == sorted(set(falling), reverse=True) and {len(one) for one in falling} == {42})
        check.equal("read again, it is the same", [str(status.id) for status in client.timeline_list(for_you, limit=10)], falling[:10])
        self.seen.update((status.id, status) for status in entries)
        # snac lets people act on what was delivered to them, or what they have answered.
        answer = client.status_post("Found in a list", in_reply_to_id=entries[-1].id)
        check.equal("a reply to an entry answers the post inside", answer.in_reply_to_id, entries[-1].reblog.id)
        home = {status["id"]: status for status in timeline.feed(self.instance.base, self.token)}
        for name, number in (("Catch up", catch_up), ("Quiet friends", quiet)):
            answer = raw(self.service.base, f"/api/v1/timelines/list/{number}?limit=40", self.token)
            check.that(f"{name} holds entries of home as the instance sends them",
                       answer.status_code == 200 and all(home.get(status["id"]) == status for status in answer.json()), answer.text[:200])
        check.that("Catch up is not empty", client.timeline_list(catch_up))
        check.equal("no list of ours is the instance's", raw(self.instance.base, "/api/v1/lists", self.token).json(), own)

    def logs(self):
        self.check.stage("each recommendation has its row")
        check = self.check
        rows = self.service.json("privacy", "export", token=self.token)["tables"]["recommendation_logs"]
        by_id = {row["shown_as"]: row for row in rows}
        check.equal("as many rows as were seen, none twice", (len(rows), len(by_id)), (len(self.seen), len(self.seen)))
        wrong = []
        for shown, status in self.seen.items():
            row, told = by_id.get(shown), status.x_recommendation
            if row is None:
                wrong.append((shown, "no row"))
                continue
            if row["reason"].split(":")[0] != told["code"]:
                wrong.append((shown, row["reason"], told["code"]))
            if row["post_id"] != self.post_id(status.reblog.uri):
                wrong.append((shown, "another post"))
            if row["model_version"] != told["policy"]:
                wrong.append((shown, row["model_version"], told["policy"]))
            if ":" in row["reason"] and row["reason"].split(":", 1)[1] not in [tag["name"] for tag in status.reblog.tags]:
                wrong.append((shown, "a tag that the post does not bear"))
        check.equal("each is what its row says: post, reason, policy", wrong, [])
        check.that("the documented view has the same rows",
                   {(row["post_id"], row["reason"]) for row in rows} == set(self.rows("SELECT post_id, reason FROM RecommendationLog")))

    def privacy(self):
        self.check.stage("report, export, erase, by the person's own token")
        check = self.check
        text = self.service.run("privacy", "report", token=self.token)
        check.that("the report names the level and no token", "FULL" in text and self.token not in text)
        check.that("the report names no handle of the reader", READER not in text)
        report = self.service.json("privacy", "report", "--json", token=self.token)
        counted = {table["name"]: table["rows"] for table in report["tables"]}
        check.equal("it counts the recommendations", counted["recommendation_logs"], len(self.seen))
        self.service.run("privacy", "set", "--level", "NONE", token=self.token)
        path = "/api/v1/timelines/home?limit=20"
        check.that("back at NONE, home has upstream's bytes again",
                   raw(self.service.base, path, self.token).content == raw(self.instance.base, path, self.token).content)
        check.equal("and no act is left", self.rows("SELECT count(*) FROM UserInteraction"), [(0,)])
        self.service.run("privacy", "set", "--level", "FULL", token=self.token)
        self.client.status_favourite(self.village.by(FOLLOWED)[-1]["id"])
        alias = self.service.json("privacy", "export", token=self.token)["alias"]
        check.equal("an act at FULL is kept", self.rows("SELECT count(*) FROM UserInteraction"), [(1,)])
        self.service.run("privacy", "erase", "--confirm", token=self.token)
        check.equal("erased: no row of the person", self.rows("SELECT count(*) FROM UserAlias"), [(0,)])
        files = [path.read_bytes() for path in self.service.database.parent.iterdir()]
        check.that("and their alias is in no byte of the database", not any(form in data for data in files for form in (
            alias.encode(), bytes.fromhex(alias))))
        check.that("the reader's handle and token never were",
                   not any(word.encode() in data for data in files for word in (self.token, "@" + READER, self.instance.base + "/" + READER)))

    def status(self, status_id):
        return raw(self.instance.base, "/api/v1/statuses/" + status_id, self.token).json()

    def post_id(self, uri):
        return hashlib.sha256(self.instance.domain.encode() + b"\0" + uri.encode()).hexdigest()

    def interactions(self, status):
        wanted = self.post_id(status.uri)
        return sorted(kind for post, kind in self.rows("SELECT post_id, interaction_type FROM UserInteraction") if post == wanted)

    def rows(self, query):
        connection = sqlite3.connect(f"file:{self.service.database}?mode=ro", uri=True, timeout=10)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()


def ids(pages):
    return [[status.id for status in page] for page in pages]


def png():
    """A picture of 8 by 8 equal pixels."""
    def chunk(kind, data):
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")
    size = (8).to_bytes(4, "big") * 2
    rows = (b"\0" + b"\x40\x80\xc0" * 8) * 8
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size + b"\x08\2\0\0\0") + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def main():
    with tempfile.TemporaryDirectory(prefix="sheltie-snac-") as folder:
        run = Run(pathlib.Path(folder))
        try:
            run.run()
        except Exception as error:
            run.check.that("the run comes to its end", False, f"{type(error).__name__}: {error}")
            print(run.service.log()[-2000:], file=sys.stderr)
            raise
        finally:
            run.service.stop()
            run.instance.stop()
            code = run.check.summary()
    return code


if __name__ == "__main__":
    sys.exit(main())
