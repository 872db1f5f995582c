import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm


def new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class KeyServer:
    """A real HTTP server of a JWKS; ``keys`` may change while it runs, ``requests`` counts how often it was asked."""

    url: str = ""
    keys: dict[str, rsa.RSAPrivateKey] = field(default_factory=dict)
    requests: int = 0
    broken: bool = False

    def jwks(self) -> dict[str, Any]:
        return {
            "keys": [
                RSAAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": kid, "use": "sig", "alg": "RS256"}
                for kid, key in self.keys.items()
            ]
        }


@pytest.fixture(scope="session")
def trusted_key() -> rsa.RSAPrivateKey:
    return new_key()


@pytest.fixture(scope="session")
def foreign_key() -> rsa.RSAPrivateKey:
    return new_key()


@pytest.fixture
def key_server(trusted_key: rsa.RSAPrivateKey) -> Iterator[KeyServer]:
    own = KeyServer(keys={"key-1": trusted_key})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            own.requests += 1
            body = json.dumps(own.jwks()).encode()
            self.send_response(500 if own.broken else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    own.url = f"http://127.0.0.1:{server.server_port}/jwks"
    yield own
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Clock:
    """A clock that tests move."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()
