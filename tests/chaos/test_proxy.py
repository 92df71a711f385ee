"""The fault proxy itself, before a server that answers each line with the line."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.chaos.proxy import FaultProxy

SOON = 1.0


class Echo(socketserver.StreamRequestHandler):
    heard: list[bytes] = []

    def handle(self) -> None:
        with suppress(OSError):
            for line in self.rfile:
                self.heard.append(line)
                self.wfile.write(line)


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


@pytest.fixture
def proxy() -> Iterator[FaultProxy]:
    Echo.heard = []
    with Server(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with FaultProxy(("127.0.0.1", server.server_address[1])) as made:
            yield made
        server.shutdown()


def connected(proxy: FaultProxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=SOON)


def ask(client: socket.socket, line: bytes = b"hello\n") -> bytes:
    client.sendall(line)
    return client.recv(100)


def test_it_carries(proxy: FaultProxy):
    with connected(proxy) as client:
        assert ask(client) == b"hello\n"


def test_a_blackhole_swallows_until_it_is_healed(proxy: FaultProxy):
    with connected(proxy) as client:
        ask(client)
        proxy.blackhole()
        with pytest.raises(TimeoutError):
            ask(client)
        proxy.heal()
        assert client.recv(100) == b"hello\n"


def test_reset_is_heard_by_the_client(proxy: FaultProxy):
    with connected(proxy) as client:
        ask(client)
        proxy.reset_all()
        with pytest.raises(ConnectionResetError):
            ask(client)


def test_half_open_says_nothing(proxy: FaultProxy):
    with connected(proxy) as client:
        ask(client)
        proxy.half_open()
        with pytest.raises(TimeoutError):
            ask(client)


@pytest.mark.parametrize("delivered", [False, True])
def test_a_cut_comes_before_or_after_the_server_has_heard(proxy: FaultProxy, delivered: bool):
    order = proxy.cut(b"COMMIT", delivered=delivered)
    with connected(proxy) as client:
        ask(client)
        with pytest.raises(ConnectionResetError):
            ask(client, b"COMMIT\n")

    assert order.happened == 1
    assert (b"COMMIT\n" in Echo.heard) == delivered


def test_refused_connections_are_reset_and_open_ones_go_on(proxy: FaultProxy):
    with connected(proxy) as client:
        ask(client)
        proxy.refuse()
        assert ask(client) == b"hello\n"
        with pytest.raises(OSError), connected(proxy) as second:
            ask(second)
            ask(second)
