"""Saves the handler again and again, in every way that a file can change, and knows which versions an answer may be of."""

import os
import pathlib
import threading
import time

TEMPLATE = (pathlib.Path(__file__).parent / "handler.lua").read_text()
REACTION = 0.1
"""Seconds after which a save is live."""
PAUSES = [0.02, 0.05, 0.1, 0.25]
"""Between saves: a tenth of a second on the whole, and now and then long enough to see that only the new version answers."""


class Saves:
    """Each good version has a number; a broken one has none, and the one before goes on."""

    def __init__(self, directory, random):
        self.path = pathlib.Path(directory) / "handler.lua"
        self.count = {}
        self._random = random
        self._saves = []        # (number, or None for a broken one; whether the file was whole at each moment; when it was complete)
        self._next = 0
        self._seen = 0
        self._lock = threading.Lock()
        self._save("good", lambda text: self.path.write_text(text))

    def begin(self):
        """What to give to `versions` at the end of a request that begins now."""
        return time.monotonic(), self._seen

    def versions(self, begun):
        """The numbers that the answer to a request, which began then and ends now, may tell."""
        start, seen = begun
        with self._lock:
            last = max((i for i, (_, _, complete) in enumerate(self._saves) if complete + REACTION <= start), default=0)
            # While a script holds the thread nothing is loaded: and when it lets go, the file may be a broken one by now, or half of one.
            may_be_broken = self._saves[last][0] is None or not all(whole for _, whole, _ in self._saves[last + 1:])
            least = seen if may_be_broken else self._saves[last][0]
            return {str(number) for number, _, _ in self._saves if number is not None and number >= least}

    def saw(self, version):
        """An answer was of that version: no later one is of an older."""
        with self._lock:
            self._seen = max(self._seen, int(version))

    def run(self, stop):
        kinds = [self._in_place, self._renamed, self._half_written, self._broken, self._deleted, self._backup]
        while not stop.wait(self._random.choice(PAUSES)):
            self._random.choice(kinds)()
        self._in_place()        # the last one is good

    def _save(self, kind, write):
        number = self._next
        self._next += 1
        self._replace(number, kind, TEMPLATE.replace("@VERSION@", str(number)), write)

    def _replace(self, number, kind, text, write):
        whole = number is not None and write == self._rename
        with self._lock:
            self._saves.append((number, whole, float("inf")))       # it may be live before all of it is said
        write(text)
        with self._lock:
            self._saves[-1] = (number, whole, time.monotonic())
            self.count[kind] = self.count.get(kind, 0) + 1

    def _in_place(self):
        self._save("in place", lambda text: self.path.write_text(text))

    def _rename(self, text):
        new = self.path.with_suffix(".new")
        new.write_text(text)
        os.replace(new, self.path)

    def _renamed(self):
        self._save("renamed over", self._rename)

    def _half_written(self):
        def write(text):
            half = self._random.randrange(len(text) * 3 // 4)
            with open(self.path, "w") as file:
                file.write(text[:half])
                file.flush()
                time.sleep(0.02)
                file.write(text[half:])

        self._save("half-written", write)

    def _deleted(self):
        def write(text):
            self.path.unlink()
            time.sleep(0.02)
            self.path.write_text(text)

        self._save("deleted, and made anew", write)

    def _backup(self):
        def write(text):
            os.rename(self.path, self.path.with_name("handler.lua~"))
            self.path.write_text(text)

        self._save("moved away", write)

    def _broken(self):
        text = self._random.choice(["return function(req) return 'broken end", "error('broken')", "return 42", "", "while true do end"])
        self._replace(None, "broken", text, self._rename)
