"""A client that sends exactly the requests it is given, over so many kept connections, and looks at every answer."""
import collections
import re
import selectors
import socket
import time

Answer = collections.namedtuple("Answer", "status recommendations bytes milliseconds")
STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.I)
CHUNKED = re.compile(rb"\r\ntransfer-encoding: chunked\r\n", re.I)
RECOMMENDATIONS = re.compile(rb"\r\nx-sheltie-recommendations: (\d+)\r\n", re.I)


def request(path, token=None, method="GET"):
    fields = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: Mozilla/5.0 (X11; Linux)\r\nAccept: application/json\r\n"
    if token:
        fields += f"Authorization: Bearer {token}\r\n"
    if method == "POST":
        fields += "Content-Length: 0\r\n"
    return (fields + "\r\n").encode()


class Connection:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data):
        self.started, self.data, self.size = time.perf_counter(), bytearray(), None
        self.socket.sendall(data)

    def receive(self):
        """-> the answer when it is whole"""
        part = self.socket.recv(1 << 20)
        if not part:
            raise SystemExit("the server closed a connection inside an answer")
        self.data += part
        if self.size is None:
            end = self.data.find(b"\r\n\r\n")
            if end < 0:
                return None
            self.head = bytes(self.data[:end + 2])
            length = LENGTH.search(self.head)
            if length is None and not CHUNKED.search(self.head):
                raise SystemExit(f"an answer without framing: {self.head[:200]}")
            self.size = end + 4 + int(length[1]) if length else -1
        if len(self.data) < self.size or self.size < 0 and not self.data.endswith(b"\r\n0\r\n\r\n"):
            return None
        shown = RECOMMENDATIONS.search(self.head)
        return Answer(int(STATUS.match(self.head)[1]), int(shown[1]) if shown else 0, len(self.data),
                      (time.perf_counter() - self.started) * 1000)


def run(port, requests, connections):
    """Sends all requests, each connection one after the other; -> their answers, in the order in which they came."""
    waiting = collections.deque(requests)
    answers = []
    with selectors.DefaultSelector() as selector:
        opened = [Connection(port) for _ in range(min(connections, len(waiting)))]
        for connection in opened:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.send(waiting.popleft())
        busy = len(opened)
        while busy:
            ready = selector.select(60)
            if not ready:
                raise SystemExit("no answer within a minute")
            for key, _ in ready:
                answer = key.data.receive()
                if answer is None:
                    continue
                answers.append(answer)
                if waiting:
                    key.data.send(waiting.popleft())
                else:
                    busy -= 1
        for connection in opened:
            connection.socket.close()
    return answers
