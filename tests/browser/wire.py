"""The network between a page and the API, which a test can cut."""

import contextlib
import socket
import struct
import threading
from urllib.parse import urlsplit

# Closing sends a reset, as a broken connection does.
_RESET = struct.pack("ii", 1, 0)


class Wire:
    """Passes on what it reads, both ways. `url`: where the API listens for the page."""

    def __init__(self, url):
        self._api = urlsplit(url)
        self._ends = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self):
        """Breaks all connections. New ones work."""
        ends, self._ends = self._ends, set()
        for end in ends:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            # Wakes the thread that reads from it, unless the connection has ended.
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RD)
            end.close()

    def close(self):
        # Wakes the thread that waits for connections.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                page, _ = self._listener.accept()
                api = socket.create_connection((self._api.hostname, self._api.port))
                self._ends |= {page, api}
                for ends in ((page, api), (api, page)):
                    threading.Thread(target=self._pass_on, args=ends, daemon=True).start()

    def _pass_on(self, reader, writer):
        with contextlib.suppress(OSError):
            while received := reader.recv(65536):
                writer.sendall(received)
            if writer in self._ends:
                writer.shutdown(socket.SHUT_WR)
