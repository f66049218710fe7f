#!/usr/bin/env python3
"""Works out the noise of `--shared-counts dp` from its promise, by another way than the product: prints variance and margin.

The promise is (epsilon, delta) for one person more or less on one day, who is heard for at most POSTS statuses. Half of delta goes to
the noise, half to the margin. Nothing but the standard library is needed.
"""

import math

EPSILON, DELTA, POSTS = 1.0, 1e-5, 10


def probabilities(variance):
    """The discrete Gaussian around 0 as a list and the number that its first entry stands for."""
    reach = int(14 * math.sqrt(variance)) + 2
    weights = [math.exp(-x * x / (2 * variance)) for x in range(-reach, reach + 1)]
    total = math.fsum(weights)
    return [weight / total for weight in weights], -reach


def sum_of(count, variance):
    """The distribution of the sum of `count` independent draws."""
    one, first = probabilities(variance)
    whole, start = [1.0], 0
    for _ in range(count):
        longer = [0.0] * (len(whole) + len(one) - 1)
        for place, weight in enumerate(whole):
            if weight < 1e-25:
                continue
            for other, more in enumerate(one):
                longer[place + other] += weight * more
        whole, start = longer, start + first
    return whole, start


def delta_of_noise(variance):
    """What is left of delta when POSTS counts each move by one: the loss is (POSTS / 2 + sum of the draws) / variance."""
    weights, start = sum_of(POSTS, variance)
    return math.fsum(
        weight * max(0.0, 1 - math.exp(EPSILON - (POSTS / 2 + start + place) / variance)) for place, weight in enumerate(weights))


def delta_of_margin(variance, margin):
    """That one of POSTS counts which reach the gate only with this person is published."""
    weights, start = probabilities(variance)
    return POSTS * math.fsum(weight for place, weight in enumerate(weights) if start + place >= margin)


def smallest(holds, low, high):
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low


variance = smallest(lambda value: delta_of_noise(value) <= DELTA / 2, 1, 1_000)
margin = smallest(lambda value: delta_of_margin(variance, value) <= DELTA / 2, 1, 1_000)
print(variance, margin)
