"""Statuses as Mastodon's documentation describes the entity, with invented text on .example hosts; the same for the same seed."""
import datetime
import json
import random

WORDS = ("the a in on with morning river garden train bread kernel library bicycle rain mountain climate election science paper music album "
         "guitar film review cat dog walk sunrise station market winter letter harbour window coffee meadow thunder village compiler "
         "branch server timeline photo lens shutter recipe sourdough orchard lantern quiet slowly again always maybe never found made "
         "wrote built opened closed learned forgot remembered painted planted mended").split()
TAGS = "photography cats linux swift python climate science art gardening books cycling music film birds history maps bread trains".split()
HOSTS = ["home.example"] + [f"{name}.example" for name in "north south river tech art books cities science garden play".split()]


class Timeline:
    def __init__(self, seed, now, authors=3000, open_authors=False):
        """`open_authors`: every author may be recommended, and every status is a plain public one."""
        self.random = random.Random(seed)
        self.open = open_authors
        self.moment = now
        self.authors = [self.account(number) for number in range(authors)]

    def text(self, low, high):
        words, length, wanted = [], 0, self.random.randint(low, high)
        while length < wanted:
            word = self.random.choice(WORDS)
            if not words or words[-1][-1] == ".":
                word = word.capitalize()
            word += self.random.choices(["", ".", ",", "’s", " \U0001F415"], [88, 7, 3, 1, 1])[0]
            words.append(word)
            length += len(word) + 1
        return " ".join(words)

    def hex(self, digits):
        return f"{self.random.getrandbits(4 * digits):0{digits}x}"

    def path(self):
        return "/".join(f"{self.random.randrange(1000):03d}" for _ in range(6))

    def account(self, number):
        r = self.random
        host = HOSTS[0] if r.random() < 0.25 else r.choice(HOSTS)
        name = f"{r.choice(WORDS)}_{r.choice(WORDS)}{number}"
        media = "https://files.home.example/" + ("" if host == HOSTS[0] else "cache/")
        avatar = f"{media}accounts/avatars/{self.path()}/original/{self.hex(16)}.png"
        header = f"{media}accounts/headers/{self.path()}/original/{self.hex(16)}.jpeg"
        link = (f'<a href="https://{name}.example" target="_blank" rel="nofollow noopener noreferrer me" translate="no"><span class="invisible">'
                f'https://</span><span class="">{name}.example</span><span class="invisible"></span></a>')
        note = self.text(10, 130)
        if r.random() < 0.4:
            note += "</p><p>" + " ".join(self.tag(tag, host) for tag in r.sample(TAGS, 3))
        return {
            "id": str(109_000_000_000_000_000 + number * 7_919_000_003), "username": name, "acct": name if host == HOSTS[0] else f"{name}@{host}",
            "display_name": f"{r.choice(WORDS)} {r.choice(WORDS)}".title(), "locked": not self.open and r.random() < 0.1,
            "bot": not self.open and r.random() < 0.05, "discoverable": self.open or r.random() < 0.8,
            "indexable": self.open or r.random() < 0.7, "group": False, "created_at": f"20{r.randint(17, 25)}-0{r.randint(1, 9)}-11T00:00:00.000Z",
            "note": f"<p>{note}</p>", "url": f"https://{host}/@{name}", "uri": f"https://{host}/users/{name}", "avatar": avatar,
            "avatar_static": avatar, "header": header, "header_static": header, "followers_count": int(r.paretovariate(0.8) * 20) % 400_000,
            "following_count": r.randint(5, 3000), "statuses_count": r.randint(10, 60_000), "last_status_at": "2026-11-20",
            "hide_collections": False, "noindex": False, "emojis": [], "roles": [],
            "fields": [{"name": r.choice(["Website", "Pronouns", "Code", "Place"]), "value": link, "verified_at": None}
                       for _ in range(r.choice([0, 0, 0, 1, 1, 3]))],
        }

    @staticmethod
    def tag(name, host):
        return (f'<a href="https://{host}/tags/{name}" class="mention hashtag" rel="nofollow noopener noreferrer" target="_blank">'
                f"#<span>{name}</span></a>")

    def media(self, host):
        file, original = self.path(), self.hex(16)
        return {
            "id": str(self.random.getrandbits(56)), "type": "image",
            "url": f"https://files.home.example/cache/media_attachments/files/{file}/original/{original}.jpeg",
            "preview_url": f"https://files.home.example/cache/media_attachments/files/{file}/small/{original}.jpeg",
            "remote_url": f"https://media.{host}/original/{self.hex(16)}.jpeg", "preview_remote_url": None, "text_url": None,
            "meta": {"original": {"width": 1920, "height": 1440, "size": "1920x1440", "aspect": 1.3333333333333333},
                     "small": {"width": 554, "height": 416, "size": "554x416", "aspect": 1.3317307692307692}, "focus": {"x": 0.0, "y": 0.0}},
            "description": self.text(30, 160) if self.random.random() < 0.6 else None, "blurhash": "U" + self.hex(35),
        }

    def card(self, host):
        return {
            "url": f"https://news.{host}/{self.hex(12)}", "title": self.text(30, 80), "description": self.text(80, 200), "language": "en",
            "type": "link", "author_name": "", "author_url": "", "provider_name": "News", "provider_url": "", "html": "", "width": 1200,
            "height": 630, "image": f"https://files.home.example/cache/preview_cards/images/{self.path()}/original/{self.hex(16)}.jpeg",
            "image_description": "", "embed_url": "", "blurhash": "U" + self.hex(35), "published_at": None, "authors": [],
        }

    def status(self, identifier, depth=0):
        r = self.random
        self.moment -= datetime.timedelta(seconds=r.randint(1, 8))
        author = r.choice(self.authors)
        host = author["url"].split("/")[2]
        passes_on = not self.open and depth == 0 and r.random() < 0.12
        tags = r.sample(TAGS, r.choice([0, 0, 0, 1, 1, 2, 4]))
        content = "".join(f"<p>{self.text(20, 110)}</p>" for _ in range(r.choice([1, 1, 1, 2, 3])))
        if tags:
            content += "<p>" + " ".join(self.tag(tag, host) for tag in tags) + "</p>"
        mentions = []
        if not self.open and r.random() < 0.2:
            named = r.choice(self.authors)
            mentions = [{key: named[key] for key in ("id", "username", "url", "acct")}]
            content = f'<p><span class="h-card" translate="no"><a href="{named["url"]}" class="u-url mention">@<span>{named["username"]}</span></a></span></p>' + content
        media = [self.media(host) for _ in range(r.choice([1, 1, 1, 2, 4]))] if r.random() < 0.2 else []
        return {
            "id": str(identifier), "created_at": self.moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{r.randrange(1000):03d}Z",
            "in_reply_to_id": str(identifier - r.getrandbits(30)) if mentions else None,
            "in_reply_to_account_id": mentions[0]["id"] if mentions else None, "sensitive": not self.open and r.random() < 0.08,
            "spoiler_text": "", "visibility": "public", "language": r.choices(["en", "de", "fr", "es", "ja"], [6, 2, 1, 1, 1])[0],
            "uri": f"https://{host}/users/{author['username']}/statuses/{identifier}", "url": f"https://{host}/@{author['username']}/{identifier}",
            "replies_count": r.choice([0, 0, 1, 2, 7]), "reblogs_count": int(r.paretovariate(1) - 1) % 5000,
            "favourites_count": int(r.paretovariate(0.9) * 2 - 2) % 9000, "edited_at": None, "favourited": False, "reblogged": False,
            "muted": False, "bookmarked": False, "content": "" if passes_on else content, "filtered": [],
            "reblog": self.status(identifier - 1, 1) if passes_on else None,
            "application": {"name": "Web", "website": None} if r.random() < 0.3 else None, "account": author,
            "media_attachments": [] if passes_on else media, "mentions": [] if passes_on else mentions,
            "tags": [] if passes_on else [{"name": tag, "url": f"https://home.example/tags/{tag}"} for tag in tags], "emojis": [],
            "card": self.card(host) if not passes_on and not media and r.random() < 0.2 else None, "poll": None,
        }

    def page(self, newest, count=40, step=1_000_003):
        """`count` statuses, newest first, ids from `newest` downwards."""
        return [self.status(newest - place * step) for place in range(count)]


def dumped(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
