"""The product as an operator runs it: one key, commands, and `sheltie serve` as a process of its own."""
import json
import os
import pathlib
import re
import subprocess

from .checks import until
from .instance import ROOT

PROGRAM = os.environ.get("SHELTIE_BINARY") or str(ROOT / ".build/debug/sheltie")


class Service:
    def __init__(self, folder, upstream, **settings):
        self.folder = pathlib.Path(folder)
        self.database = self.folder / "data/sheltie.db"
        self.database.parent.mkdir()
        self._settings = ["--database", str(self.database), "--key-file", str(self.folder / "sheltie.key"), "--upstream", upstream,
                          "--allow-loopback-upstream"]
        for name, value in settings.items():
            self._settings += ["--" + name.replace("_", "-"), str(value)]
        # Nothing of the tester's own settings, and no file of theirs.
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith(("SHELTIE_", "CORGI_"))}
        self._process = None
        self.base = None

    def run(self, *words, token=None, code=0):
        """Runs a command to its end; a token goes in on standard input. -> its standard output."""
        words = list(words) + self._settings
        if token is not None:
            words.append("--token-stdin")
        ran = subprocess.run([PROGRAM, *words], input=token or "", capture_output=True, text=True, timeout=120, cwd=self.folder,
                             env=self._environment)
        if ran.returncode != code:
            raise RuntimeError(f"{' '.join(words[:2])} ended with {ran.returncode}, not {code}: {ran.stderr.strip()}")
        return ran.stdout if code == 0 else ran.stderr

    def json(self, *words, token=None):
        return json.loads(self.run(*words, token=token))

    def serve(self):
        log = open(self.folder / "sheltie.log", "w")
        self._process = subprocess.Popen(
            [PROGRAM, "serve", *self._settings, "--listen", "127.0.0.1:0"], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            cwd=self.folder, env=self._environment)
        log.close()

        def address():
            if self._process.poll() is not None:
                raise RuntimeError("serve ended: " + self.log()[-600:])
            found = re.search(r"^READY (http://\S+)$", self.log(), re.MULTILINE)
            return found and found[1]
        self.base = until(60, address)
        if not self.base:
            raise RuntimeError("serve does not become ready")
        return self.base

    def log(self):
        path = self.folder / "sheltie.log"
        return path.read_text() if path.exists() else ""

    def stop(self):
        """-> the exit code after SIGTERM."""
        if self._process is None:
            return None
        process, self._process = self._process, None
        process.terminate()
        try:
            return process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait(15)
