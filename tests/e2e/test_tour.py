"""The page "Tour with curl" works line by line against the running product."""

from __future__ import annotations

import asyncio
import re

from local.services.functions_host import PORT, FunctionsHost
from local.services.site import CHECKOUT
from tests.e2e.product import Product

BLOCK = re.compile(r"^```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)


async def test_tour_with_curl_leads_from_an_alert_to_its_proof(product: Product) -> None:
    page = (CHECKOUT / "docs" / "tour-with-curl.md").read_text("utf-8")
    host, keys = product.stack.host(), FunctionsHost.state_folder(product.stack.site)
    lines = "\n".join(BLOCK.findall(page))
    for stated, here in ((f"http://127.0.0.1:{PORT}", host.url()), (".local/host/", f"{keys}/")):
        assert stated in lines
        lines = lines.replace(stated, here)
    shell = await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-c", lines),
        cwd=CHECKOUT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await shell.communicate()
    said = output.decode().splitlines()
    assert shell.returncode == 0, output.decode()
    assert '{"published": 1, "dropped": 0, "dead_lettered": 0}' in said
    assert said.index("true_positive") < said.index("simulated") < said.index("granted") < said.index("True")
