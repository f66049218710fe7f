#!/usr/bin/env python3
"""Streams through the product as other people's clients read them: Mastodon.py over server-sent events, websockets over WebSocket.

Both come from PyPI and know nothing of each other or of us; the instance is the demo's.
Run by scripts/test, or by itself after scripts/setup-clients and swift build:
    .build/clients/python/bin/python Tests/EndToEnd/streams.py
SHELTIE_BINARY names another binary. Ends with 0 when every check held.
"""
import asyncio
import json
import os
import pathlib
import queue
import re
import signal
import subprocess
import sys
import threading

import websockets
from mastodon import Mastodon, StreamListener

from support.checks import Checks

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("SHELTIE_BINARY", str(ROOT / ".build/debug/sheltie"))
PATIENCE = 30


class Heard(StreamListener):
    def __init__(self):
        self.events = queue.Queue()
        self.is_open = threading.Event()

    def handle_heartbeat(self):
        self.is_open.set()

    def on_update(self, status):
        self.events.put(("update", str(status["id"])))

    def on_status_update(self, status):
        self.events.put(("status.update", str(status["id"])))

    def on_delete(self, status_id):
        self.events.put(("delete", str(status_id)))

    def has(self, event):
        """Waits for it; what the world itself posts comes in between."""
        try:
            while self.events.get(timeout=PATIENCE) != event:
                pass
            return True
        except queue.Empty:
            return False


def acted(client):
    """-> the events that posting, editing and deleting a status must make"""
    status = client.status_post("Seen from afar")
    client.status_update(status["id"], "Seen from nearby")
    client.status_delete(status["id"])
    return [(name, str(status["id"])) for name in ("update", "status.update", "delete")]


def server_sent(check, client, base):
    check.stage("server-sent events, read by Mastodon.py")
    named = client.instance()["configuration"]["urls"]["streaming"]
    check.that("the instance's document names us", named == base.replace("http", "ws", 1))
    heard = Heard()
    stream = client.stream_user(heard, run_async=True, reconnect_async=False)
    check.that("a sign of life comes at once", heard.is_open.wait(10))
    for event in acted(client):
        check.that(f"the listener hears {event[0]}", heard.has(event))
    stream.close()


async def over_websocket(check, client, base, token):
    check.stage("WebSockets, read by websockets")
    address = base.replace("http", "ws", 1) + "/api/v1/streaming"

    async def heard(socket, event):
        async with asyncio.timeout(PATIENCE):
            async for text in socket:
                message = json.loads(text)
                said = message["payload"] if message["event"] == "delete" else str(json.loads(message["payload"])["id"])
                if (message["event"], said) == event:
                    return True
        return False

    ways = {
        "in the query": (address + f"?stream=user&access_token={token}", {}),
        "in the header": (address + "?stream=user", {"additional_headers": {"Authorization": f"Bearer {token}"}}),
        "as the subprotocol": (address + "?stream=user", {"subprotocols": [token]}),
    }
    for way, (url, options) in ways.items():
        async with websockets.connect(url, **options) as socket:
            await socket.send(json.dumps({"type": "subscribe", "stream": "public:local"}))
            await (await socket.ping())
            for event in await asyncio.to_thread(acted, client):
                check.that(f"with the token {way}, {event[0]} comes", await heard(socket, event))
    try:
        async with websockets.connect(address + "?stream=user&access_token=wrong"):
            status = 101
    except websockets.InvalidStatus as refusal:
        status = refusal.response.status_code
    check.that("a wrong token is refused with the instance's 401", status == 401)


def main():
    check = Checks()
    demo = subprocess.Popen([PROGRAM, "demo", "--port", "0", "--posts", "1000"], stdout=subprocess.PIPE, text=True)
    try:
        base = token = None
        for text in demo.stdout:
            if match := re.match(r"READY (\S+)", text):
                base = match[1]
            if match := re.search(r"Bearer ([^'\s]+)", text):
                token = match[1]
                break
        client = Mastodon(access_token=token, api_base_url=base, ratelimit_method="throw")
        server_sent(check, client, base)
        asyncio.run(over_websocket(check, client, base, token))
    finally:
        demo.send_signal(signal.SIGTERM)
        ended = demo.wait(30)
    check.that("the demo ends on SIGTERM", ended == 0)
    return check.summary()


if __name__ == "__main__":
    sys.exit(main())
