"""Indexes a function app as the Functions worker does; run as a script: `index_app.py MESSAGES APP_FOLDER`.

It runs where nothing of the checkout is importable, so it takes the protocol's messages by their file's path.
"""

import asyncio
import json
import runpy
import sys
from types import SimpleNamespace
from typing import Any

from azure_functions_runtime import handle_event
from azure_functions_runtime.utils import threadpool


async def index(protocol: SimpleNamespace, app_folder: str) -> list[dict[str, Any]]:
    threadpool.start_threadpool_executor()
    init = SimpleNamespace(capabilities={}, function_app_directory=app_folder)
    request = SimpleNamespace(
        request=SimpleNamespace(worker_init_request=init), properties={"host": "127.0.0.1", "protos": protocol}
    )
    answer = await handle_event.worker_init_request(request)
    if answer.result.status != "success":
        sys.exit(f"{answer.result.exception.message}\n{answer.result.exception.stack_trace}")
    functions = (await handle_event.functions_metadata_request(request)).function_metadata_results
    return [
        {
            "name": function.name,
            "bindings": [json.loads(raw) for raw in function.raw_bindings],
            "retries": function.retry_options.max_retry_count if function.retry_options else None,
        }
        for function in functions
    ]


messages, folder = sys.argv[1:]
sys.path.insert(0, folder)
sys.stdout.write(json.dumps(asyncio.run(index(runpy.run_path(messages)["PROTOCOL"], folder)), sort_keys=True))
