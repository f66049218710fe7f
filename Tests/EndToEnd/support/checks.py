"""Counted checks: each prints what it found, the last line says how many held."""
import time


class Checks:
    def __init__(self):
        self.passed = 0
        self.failed = 0
        self._started = time.monotonic()

    def stage(self, name):
        print(f"[{time.monotonic() - self._started:5.1f} s] {name}", flush=True)

    def that(self, sentence, holds, found=None):
        """Counts one check; `found` is printed when it does not hold."""
        if holds:
            self.passed += 1
            print(f"  ok   {sentence}", flush=True)
        else:
            self.failed += 1
            print(f"  FAIL {sentence}" + ("" if found is None else f": {found}"), flush=True)
        return bool(holds)

    def equal(self, sentence, left, right):
        return self.that(sentence, left == right, f"{str(left)[:300]!r} is not {str(right)[:300]!r}")

    def summary(self):
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed or not self.passed else 0


def until(seconds, condition, pause=0.2):
    """Waits for `condition` to give something true, at most `seconds`; -> what it gave last."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        time.sleep(pause)
