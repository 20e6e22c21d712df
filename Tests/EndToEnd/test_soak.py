"""scripts/soak for a few seconds: what it looks for by the minute, and that it finds what is wrong."""

import random
import time

from harness import SLOWNESS
from soak import EXPECTED, MOST_GROWTH, growth, soak
from soak.saves import REACTION, Saves


def test_a_short_soak():
    run = soak(seconds=5 * SLOWNESS, clients=4, seed=1, say=print)
    assert run.problems == []
    assert run.requests > 50 and len(run.saves.count) > 3


def test_an_old_version_is_a_wrong_answer(directory):
    saves = Saves(directory, random.Random(1))
    saves._renamed()
    begun = saves.begin()
    assert saves.versions(begun) == {"0", "1"}
    time.sleep(REACTION)
    begun = saves.begin()
    assert saves.versions(begun) == {"1"}
    saves._broken()
    saves._renamed()
    assert saves.versions(saves.begin()) == {"0", "1", "2"}, "the broken one may have come before 1 was loaded"
    saves.saw("1")
    assert saves.versions(saves.begin()) == {"1", "2"}


def test_memory_that_grows():
    """A reading that is higher than those around it is none; 34 KiB a window are: two bytes of each of its 17 000 requests."""
    assert growth([2000, 2600, 2300, 2240, 2250, 2200, 2230, 2804, 2210, 2240]) < MOST_GROWTH
    assert growth([2240 + 34 * window for window in range(10)]) > MOST_GROWTH


def test_a_line_that_nobody_expects():
    assert not EXPECTED.search("dogger: the worker crashed")
    assert EXPECTED.search("dogger: reloaded handler.lua (handler.lua changed)")
