"""What the small servers of these tests share: bodies in chunks, which a test holds back or breaks off."""

from http.server import BaseHTTPRequestHandler


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def send_chunks(self, parts, given):
        """Each part in a chunk of its own; None is a silence until the test is over.

        `given.before_part`: is acquired before each part, from `given.withholds_from` on, unless it is None.
        `given.breaks_after`: the number of bytes after which the connection breaks, unless it is None.
        """
        sent = 0
        for number, part in enumerate(parts):
            if part is None:
                given.test_is_over.wait()
                self.close_connection = True
                return
            if given.before_part and number >= given.withholds_from:
                given.before_part.acquire()
            if given.breaks_after is not None and sent + len(part) > given.breaks_after:
                self.wfile.write(b"%x\r\n%b" % (len(part), part[: given.breaks_after - sent]))
                self.close_connection = True
                return
            self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
            sent += len(part)
        self.wfile.write(b"0\r\n\r\n")

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except ConnectionError:
            # The client has given up.
            self.close_connection = True

    def log_message(self, *_):
        """A test says itself what it found."""
