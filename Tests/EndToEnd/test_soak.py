"""scripts/soak for a few seconds: what it looks for by the minute, and that it finds what is wrong."""

import random
import time

from harness import SLOWNESS
from soak import EXPECTED, soak
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


def test_a_line_that_nobody_expects():
    assert not EXPECTED.search("dogger: the worker crashed")
    assert EXPECTED.search("dogger: reloaded handler.lua (handler.lua changed)")
