"""snac2, a real and small server of the fediverse, on a free port of loopback, in a folder of its own."""
import pathlib
import socket
import subprocess
import time

import requests

from . import oauth
from .checks import until

ROOT = pathlib.Path(__file__).resolve().parents[3]
PROGRAM = ROOT / ".build/clients/snac/usr/bin/snac"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Person:
    """Somebody who uses the server directly."""

    def __init__(self, instance, name, password):
        self.instance, self.name, self.password = instance, name, password
        self.token = oauth.token(instance.base, name, password)
        self.id = self.call("GET", "/api/v1/accounts/verify_credentials").json()["id"]

    def call(self, method, path, **more):
        # snac now and then drops a connection when it is busy.
        for attempt in range(4):
            try:
                return requests.request(
                    method, self.instance.base + path, headers={"Authorization": "Bearer " + self.token}, timeout=30, **more)
            except requests.ConnectionError:
                if attempt == 3:
                    raise
                time.sleep(0.3)

    def post(self, text, **more):
        answer = self.call("POST", "/api/v1/statuses", data={"status": text, "visibility": "public", "language": "en", **more})
        answer.raise_for_status()
        return answer.json()

    def favourite(self, status_id):
        return self.call("POST", f"/api/v1/statuses/{status_id}/favourite").ok

    def follow(self, name):
        # Looked up first: snac lets people follow only whom it has met.
        account = self.call("GET", "/api/v1/accounts/lookup", params={"acct": name}).json()
        self.call("POST", f"/api/v1/accounts/{account['id']}/follow").raise_for_status()


class Instance:
    def __init__(self, folder):
        self.data, self.port = pathlib.Path(folder) / "snac", free_port()
        self.base = f"http://localhost:{self.port}"
        self.domain = f"localhost:{self.port}"
        self._log = open(pathlib.Path(folder) / "snac.log", "w")
        # Asked for: address, port, host, prefix, e-mail. It leaves out what stands before the first line end.
        self._tell("init", str(self.data), answers=f"127.0.0.1\n{self.port}\n{self.domain}\n\n\n")
        settings = self.data / "server.json"
        text = settings.read_text()
        # Its deliveries to itself take threads too: with its few of a small machine they wait for each other.
        text = text.replace('"protocol": "https"', '"protocol": "http",\n    "num_threads": 24')
        settings.write_text(text)
        self._process = None

    def _tell(self, *arguments, answers="\n"):
        ran = subprocess.run([str(PROGRAM), *arguments], input=answers, capture_output=True, text=True, timeout=60)
        return ran.stdout + ran.stderr

    def start(self):
        self._process = subprocess.Popen([str(PROGRAM), "httpd", str(self.data)], stdout=self._log, stderr=subprocess.STDOUT)

        def answers():
            try:
                return requests.get(self.base + "/api/v1/instance", timeout=5).ok
            except requests.ConnectionError:
                return False
        if not until(30, answers):
            raise RuntimeError("snac does not start")

    def add(self, name):
        """-> the new account's password."""
        self._tell("adduser", str(self.data), name)
        return self._tell("resetpwd", str(self.data), name).split()[-1]

    def public(self, path):
        return requests.get(self.base + path, timeout=30)

    def stop(self):
        if self._process:
            self._process.terminate()
            try:
                self._process.wait(15)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(15)
        self._log.close()
