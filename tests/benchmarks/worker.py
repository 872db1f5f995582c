"""The side of a benchmark that does the work: one long-lived process per contender, in the contender's own interpreter.

Started as `python worker.py CPU`, it speaks JSON lines over standard input and output:
{"file", "function", "given"} loads `function` of that module and calls it with `given`; what comes back is the work, a
callable without arguments. {"run": n} does the work n times and answers {"seconds"}. {"result": true} answers what it
returns. It knows the standard library only, because peers live in an environment without the product.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any


def load(path: str, function: str) -> Any:
    """A function of a module that is no part of this process's packages."""
    spec = importlib.util.spec_from_file_location("contender", path)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, function)


def answer(request: dict[str, Any], work: Callable[[], Any]) -> dict[str, Any]:
    """The work's seconds, or its result."""
    if "run" not in request:
        return {"result": work()}
    start = time.perf_counter()
    for _ in range(request["run"]):
        work()
    return {"seconds": time.perf_counter() - start}


def serve(cpu: int) -> None:
    """Answer requests until standard input ends; what the work prints goes to standard error."""
    os.sched_setaffinity(0, {cpu})
    out, work = sys.stdout, None
    for line in sys.stdin:
        request = json.loads(line)
        reply: dict[str, Any]
        try:
            with contextlib.redirect_stdout(sys.stderr):
                if "file" in request:
                    work, reply = load(request["file"], request["function"])(request["given"]), {}
                elif work is not None:
                    reply = answer(request, work)
        except Exception:
            reply = {"error": traceback.format_exc()}
        print(json.dumps(reply), file=out, flush=True)


if __name__ == "__main__":
    serve(int(sys.argv[1]))
