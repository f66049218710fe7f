#!/usr/bin/env python3
"""Corgi's documented ranking formula, written a second time: the expected values of CorgiFormulaTests.

Run it to print the fixture: python3 corgi_v1_reference.py > corgi_v1.tsv
"""
import math

COUNTS = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (3, 2, 1), (40, 25, 7), (999, 0, 1), (22026, 0, 0),
          (1_000_000, 500_000, 20_000), (4_000_000_000, 4_000_000_000, 4_000_000_000)]
# positive acts, all acts: nothing known, disliked, mixed, loved.
ACTS = [(0, 0), (0, 1), (0, 50), (1, 3), (1, 2), (2, 3), (9, 10), (1, 1), (100, 100)]
# seconds; None is a status without a date, below 0 lies in the future.
AGES = [None, -86400.0, -0.5, 0.0, 1.0, 3600.0, 86400.0, 604800.0, 973532.0, 1209600.0, 31536000.0]


def author(positive, total):
    if total == 0:
        return 0.1
    return max(0.1, 1.0 / (1.0 + math.exp(-5.0 * (positive / total - 0.5))))


def engagement(favourites, reblogs, replies):
    return math.log(1 + favourites + reblogs + replies) / 10.0


def recency(age):
    if age is None:
        return 0.5
    return max(0.2, math.exp(-(max(age, 0.0) / 86400.0) / 7.0))


def main():
    print("favourites\treblogs\treplies\tpositive\ttotal\tage\tauthor\tengagement\trecency\tscore\treason\tkept")
    for favourites, reblogs, replies in COUNTS:
        for positive, total in ACTS:
            for age in AGES:
                a = 0.4 * author(positive, total)
                e = 0.3 * engagement(favourites, reblogs, replies)
                r = 0.3 * recency(age)
                score = a + e + r
                reason = max((("author-affinity", a), ("popular", e), ("fresh", r)), key=lambda term: term[1])[0]
                print(favourites, reblogs, replies, positive, total, "-" if age is None else repr(age),
                      repr(a), repr(e), repr(r), repr(score), reason, int(score > 0.1), sep="\t")


main()
