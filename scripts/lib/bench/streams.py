"""Memory of idle WebSockets through `sheltie serve`, beside nginx as a proxy before the same instance in the same run."""
import os
import resource
import socket
import sys
import time

import benchmark
from benchmark import SCRATCH, Server, free_port, line, load, table
from origin import nginx
from proxy import serve, sheltie

STREAMS = int(os.environ.get("STREAMS", "2000"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
KEY, ACCEPT = "dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

# Answers each handshake, knows every token, and is silent then.
INSTANCE = """
import asyncio, resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
async def serve(reader, writer):
    try:
        while True:
            head = (await reader.readuntil(b"\\r\\n\\r\\n")).lower()
            if b"upgrade: websocket" in head:
                writer.write(b"HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Accept: %s\\r\\n\\r\\n")
                while await reader.read(4096): pass
                break
            body = b'{"id":"1","username":"a","acct":"a","uri":"https://127.0.0.1/users/a","url":"https://127.0.0.1/@a"}' if b"verify_credentials" in head else b"[]"
            writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\nContent-Length: %%d\\r\\n\\r\\n" %% len(body) + body)
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    writer.close()
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]), backlog=4096)
    await server.serve_forever()
asyncio.run(main())
""" % ACCEPT


class Instance:
    def __init__(self):
        self.port = free_port()

    def server(self):
        program = SCRATCH / "instance.py"
        program.write_text(INSTANCE)
        return Server("instance", [sys.executable, program, self.port], self.port)


def connect(port, number):
    stream = socket.create_connection(("127.0.0.1", port), 30)
    stream.sendall((f"GET /api/v1/streaming?stream=user HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer bench-{number}\r\n"
                    f"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\r\n").encode())
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        more = stream.recv(4096)
        if not more:
            break
        answer += more
    if not answer.startswith(b"HTTP/1.1 101 "):
        raise SystemExit(f"stream {number} was answered {answer[:60]!r}")
    return stream


def grown(server):
    """-> KB that each open stream adds to the resident memory"""
    # What the first ones bring along is not each one's.
    first = [connect(server.port, number) for number in range(20)]
    time.sleep(2)
    before = server.memory("VmRSS")
    streams = [connect(server.port, number) for number in range(STREAMS)]
    time.sleep(3)
    after = server.memory("VmRSS")
    for stream in first + streams:
        stream.setblocking(False)
        try:
            if not stream.recv(1):
                raise SystemExit("a stream was ended")
        except BlockingIOError:
            pass
        stream.close()
    return (after - before) * 1024 / STREAMS


def main():
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    instance = Instance()
    ours, theirs = [], []
    with instance.server():
        sheltie(instance, SCRATCH / "prepared.db", "key", "create")
        for number in range(ROUNDS):
            port = free_port()
            # A tunnel takes two of nginx's connections.
            peer = nginx("front", f"""
  server {{ listen 127.0.0.1:{port} backlog=4096; proxy_http_version 1.1; proxy_read_timeout 300s;
    location / {{ proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; proxy_pass http://127.0.0.1:{instance.port}; }} }}""", port)
            peer_file = SCRATCH / "front.conf"
            peer_file.write_text(peer_file.read_text().replace("worker_connections 4096", "worker_connections 8192"))
            with serve(instance, SCRATCH / f"streams{number}.db") as server:
                ours.append(grown(server))
            with peer:
                theirs.append(grown(peer))
    (kilobytes, kilobytes2) = (benchmark.median(ours), benchmark.median(theirs))
    print(f"{STREAMS} idle WebSockets, {ROUNDS} rounds, {load()}")
    table(["KB a stream", "median", "all"], [["sheltie serve", f"{kilobytes:.1f}", " ".join(f"{one:.1f}" for one in ours)],
                                             ["nginx", f"{kilobytes2:.1f}", " ".join(f"{one:.1f}" for one in theirs)]])
    line(f"an idle WebSocket of {STREAMS}, resident", f"{kilobytes:.1f} KB", f"{kilobytes2:.1f} KB (nginx)", f"{kilobytes / kilobytes2:.2f}",
         "<= 25 KB", kilobytes <= 25, ROUNDS)


main()
