"""Runs one side of one scenario in this process: ``worker.py MODULE FUNCTION BASE_URL SIZE [PROFILE]``.

Prints the CPU seconds of the measured section, the number of units in it, and what the side returned. It imports as
little as it can, because the cost of the whole process is a measurement too.
"""

import sys
from time import process_time


class Bench:
    """What a side is given: the server's address, the size of its task, and a section to measure.

    CPU time of the process counts, user and system, all threads. With ``profile``, the section is profiled as well.
    """

    def __init__(self, base_url, size, profile=""):
        self.base_url = base_url
        self.size = size
        self.units = 1
        self.seconds = 0.0
        self._profile = profile
        self._started = 0.0

    def section(self, units):
        """Return the context manager around what is measured: so many calls, chunks, turns …"""
        self.units = units
        return self

    def __enter__(self):
        if self._profile:
            self._start_profiler()
        self._started = process_time()
        return self

    def __exit__(self, *error):
        self.seconds += process_time() - self._started
        if self._profile:
            self._profiler.disable()
            self._profiler.dump_stats(self._profile)

    def _start_profiler(self):
        from cProfile import Profile

        self._profiler = Profile(process_time)
        self._profiler.enable()


def main(module, function, base_url, size, profile=""):
    bench = Bench(base_url, int(size), profile)
    side = getattr(getattr(__import__("scenarios." + module), module), function)
    returned = side(bench)
    print(bench.seconds, bench.units)
    print(returned)


if __name__ == "__main__":
    main(*sys.argv[1:])
