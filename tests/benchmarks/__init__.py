"""How fast and how exact the product is, beside its peers in one run: `make bench`. Nothing here is a test, nothing
is timed in the test suite. To add a benchmark, add one module `measure_<what>.py` with one function `measure(bench)`.
"""
