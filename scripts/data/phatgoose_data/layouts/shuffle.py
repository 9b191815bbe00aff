"""The order that numpy's RandomState(SEED).permutation gives a list: BIG-bench shows choices in it.

That generator is the Mersenne Twister, as Python's own; only the way from the seed to its state differs.
"""

import functools
import random

STATE_WORDS = 624


def permuted(items, seed):
    return [items[place] for place in _order(len(items), seed)]


@functools.lru_cache(maxsize=256)
def _order(number, seed):
    order = list(range(number))
    generator = _generator(seed)
    for last in range(number - 1, 0, -1):
        other = _up_to(generator, last)
        order[last], order[other] = order[other], order[last]
    return order


def _generator(seed):
    """The state of init_genrand: Knuth's linear congruence."""
    words = [seed]
    for place in range(1, STATE_WORDS):
        words.append((1812433253 * (words[-1] ^ words[-1] >> 30) + place) & 0xFFFFFFFF)
    generator = random.Random()
    generator.setstate((3, (*words, STATE_WORDS), None))
    return generator


def _up_to(generator, limit):
    """A number from 0 to `limit`: 32 random bits, of which as many are looked at as `limit` has, until they fit."""
    mask = (1 << limit.bit_length()) - 1
    while (number := generator.getrandbits(32) & mask) > limit:
        pass
    return number
