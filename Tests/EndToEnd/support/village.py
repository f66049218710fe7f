"""Twelve invented people on one server, and what they post: the reader follows four of them, the other seven are strangers."""
import itertools
import time

from .checks import until
from .instance import Person

READER = "robin"
FOLLOWED = ["ada", "ben", "cleo", "dan"]
# Followed for the first days only, and liked.
FRIEND = "eve"
# What these write becomes popular: everybody but the reader follows them, for snac lets people favourite only what was delivered to them.
STARS = ["gwen", "hugo", "iris"]
STRANGERS = [FRIEND, "finn", "gwen", "hugo", "iris", "jon", "kim"]
TAG = "sailing"
OTHER_TAGS = ["baking", "radio", "birds", "cycling", "maps"]
NEWS = ["The fog is late today", "Tried a new way home", "A small thing finally works", "Somebody left apples at the door", "Reading slowly again"]


class Village:
    def __init__(self, instance):
        self.instance = instance
        self.passwords = {name: instance.add(name) for name in [READER] + FOLLOWED + STRANGERS}
        self.people = {}
        self.posts = []
        self._numbers = itertools.count(1)

    def log_in(self):
        for name in FOLLOWED + STRANGERS:
            self.people[name] = Person(self.instance, name, self.passwords[name])
        for star in STARS:
            for name in self.people:
                if name != star:
                    self.people[name].follow(star)

    def write(self, rounds):
        """In each round every followed person posts once and two strangers do, spread over seconds as people are."""
        strangers = itertools.cycle(STRANGERS)
        for number in range(rounds):
            for name in FOLLOWED + [next(strangers), next(strangers)]:
                self._post(name, number)
                time.sleep(0.2)

    def write_as(self, names, rounds):
        """Some people post more than others."""
        for number in range(rounds):
            for name in names:
                self._post(name, number)
                time.sleep(0.2)

    def _post(self, name, number):
        count = next(self._numbers)
        text = f"{NEWS[count % len(NEWS)]} ({count})"
        # Eve writes without tags, so that liking her posts is liking her; of the others' posts a third is about sailing.
        tags = [] if name == FRIEND else [TAG] if count % 3 == 0 else [OTHER_TAGS[(count + number) % len(OTHER_TAGS)]]
        status = self.people[name].post(text + "".join(f" #{tag}" for tag in tags))
        self.posts.append({"id": status["id"], "uri": status["uri"], "by": name, "tags": tags})

    def by(self, names, tag=None):
        """Posts of these people, oldest first; with `tag` only those that bear it."""
        return [post for post in self.posts if post["by"] in names and (tag is None or tag in post["tags"])]

    def applaud(self, posts, voters):
        """Each of `voters` people favourites each post; -> whether the server's public counters come to show it."""
        for post in posts:
            for name in [name for name in FOLLOWED + STRANGERS if name != post["by"]][:voters]:
                # Refused until the post has been delivered to them.
                if not until(60, lambda: self.people[name].favourite(post["id"]), pause=0.5):
                    return False
        asker = self.people[FOLLOWED[0]]
        return all(until(60, lambda: asker.call("GET", "/api/v1/statuses/" + post["id"]).json()["favourites_count"] >= voters)
                   for post in posts)
