"""A PostgreSQL server of the tests' own: made in a temporary folder, stopped and removed at the end.

PostgreSQL refuses root, so under root the server runs as the system user `postgres` that its Debian package makes.
As a program it runs one command beside a server:      postgres_cluster.py COMMAND ...
or lends a server to whoever reads its output:         postgres_cluster.py --lend [--tls] [--bare] [--small=BYTES] [NAME=VALUE ...]
It then prints `READY FOLDER PORT` and takes orders, one a line, each answered by `done`, until its input ends:
`stop` (as `pg_ctl stop -m immediate` does), `start`, and `set NAME VALUE` for a setting from the next start on.
`--tls` serves TLS with a certificate for localhost (FOLDER/authority.crt vouches for it, FOLDER/stranger.crt does not), `--bare` takes
the extensions away, `--small` puts FOLDER/small, for a tablespace, on a file system of that size; the last two need root.
"""
import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

VARIABLE = "SHELTIE_TEST_POSTGRES"
# Nothing that the tests write must outlive a power failure, and no value of theirs belongs in a log.
SETTINGS = {
    "listen_addresses": "", "fsync": "off", "full_page_writes": "off", "max_connections": "100", "max_locks_per_transaction": "256", "log_statement": "none",
    "log_parameter_max_length": "0", "log_parameter_max_length_on_error": "0", "shared_buffers": "64MB", "max_wal_size": "256MB",
}
EXTENSIONS = "/usr/share/postgresql"


def server_programs():
    """The newest server's folder of programs, None where none of version 15 or later is installed."""
    folders = [path.parent for path in pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres") if int(path.parent.parent.name) >= 15]
    return max(folders, key=lambda path: int(path.parent.name), default=None)


def owner():
    """Who the server runs as: (name, uid, gid), None for ourselves."""
    if os.getuid() != 0:
        return None
    user = pwd.getpwnam("postgres")
    return user.pw_name, user.pw_uid, user.pw_gid


class Cluster:
    """A server in a folder of its own, reached over a Unix socket in it and, where a port is given, at 127.0.0.1."""

    def __init__(self, settings=None, port=5432):
        self.programs = server_programs()
        if self.programs is None:
            raise RuntimeError("no PostgreSQL server of version 15 or later is installed")
        self.settings = SETTINGS | (settings or {})
        self.port = port
        user = owner()
        self.name = user[0] if user else pwd.getpwuid(os.getuid()).pw_name
        identity = {"user": user[1], "group": user[2], "extra_groups": []} if user else {}
        self.run = dict(cwd="/", stdin=subprocess.DEVNULL, **identity)
        self.server = None
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sheltie-postgres-"))
        try:
            if user:
                os.chown(self.folder, user[1], user[2])
            # Others may look for the socket, and nothing else: the data folder is its owner's alone.
            self.folder.chmod(0o711)
            subprocess.run([self.programs / "initdb", "--pgdata", self.folder / "data", "--username", "postgres", "--auth", "trust",
                            "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"], check=True, stdout=subprocess.DEVNULL, **self.run)
        except BaseException:
            self.remove()
            raise

    def start(self):
        options = [part for setting in self.settings.items() for part in ("-c", "=".join(setting))]
        with open(self.folder / "log", "ab") as log:
            self.server = subprocess.Popen([self.programs / "postgres", "-D", self.folder / "data", "-k", self.folder, "-p", str(self.port), *options],
                                           stdout=log, stderr=log, start_new_session=True, **self.run)
        ready = [self.programs / "pg_isready", "--quiet", "--host", self.folder, "--port", str(self.port), "--username", "postgres"]
        deadline = time.monotonic() + 60
        while subprocess.run(ready, stdin=subprocess.DEVNULL).returncode != 0:
            if self.server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL as {self.name} did not start: {(self.folder / 'log').read_text(errors='replace')[-2000:]}")
            time.sleep(0.02)

    def stop(self):
        """Ends every session at once, without a last word to the disk: the next start recovers (postgres, "Shutting Down the Server")."""
        if self.server is None or self.server.poll() is not None:
            return
        self.server.send_signal(signal.SIGQUIT)
        try:
            self.server.wait(30)
        except subprocess.TimeoutExpired:
            self.server.kill()
            self.server.wait()

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def serve_tls(self):
        """A certificate for localhost, its authority, and another authority that knows nothing of it."""
        def openssl(*words):
            subprocess.run(["openssl", *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.folder)
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
        for name in ("authority", "stranger"):
            openssl("req", "-x509", *key, "-subj", f"/CN=Sheltie test {name}", "-keyout", f"{name}.key", "-out", f"{name}.crt")
            (self.folder / f"{name}.crt").chmod(0o644)
        openssl("req", *key, "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", "data/server.key", "-out", "server.csr")
        openssl("x509", "-req", "-in", "server.csr", "-CA", "authority.crt", "-CAkey", "authority.key", "-CAcreateserial", "-days", "2",
                "-copy_extensions", "copy", "-out", "data/server.crt")
        (self.folder / "data/server.key").chmod(0o600)
        if user := owner():
            for name in ("server.key", "server.crt"):
                os.chown(self.folder / "data" / name, user[1], user[2])
        self.settings |= {"ssl": "on"}


@contextlib.contextmanager
def cluster():
    """Lends a running server: yields its address with the database `postgres` and a superuser."""
    server = Cluster()
    try:
        server.start()
        yield f"postgresql://postgres@/postgres?host={server.folder}"
    finally:
        server.remove()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def in_own_mounts():
    """Goes on in a mount namespace of its own, so that what is mounted goes with the process."""
    if "SHELTIE_OWN_MOUNTS" not in os.environ:
        os.execvpe("unshare", ["unshare", "-m", sys.executable, *sys.argv], os.environ | {"SHELTIE_OWN_MOUNTS": "1"})


def lend(arguments):
    if any(word == "--bare" or word.startswith("--small") for word in arguments):
        in_own_mounts()
    server = Cluster({"listen_addresses": "127.0.0.1"} | dict(word.split("=", 1) for word in arguments if not word.startswith("-")), free_port())
    try:
        for word in arguments:
            if word == "--tls":
                server.serve_tls()
            if word == "--bare":
                subprocess.run(["mount", "-t", "tmpfs", "none", f"{EXTENSIONS}/{server.programs.parent.name}/extension"], check=True)
            if word.startswith("--small="):
                (server.folder / "small").mkdir()
                _, uid, gid = owner()
                subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={word.split('=')[1]},uid={uid},gid={gid},mode=700", "none", server.folder / "small"],
                               check=True)
        server.start()
        print("READY", server.folder, server.port, flush=True)
        for order in sys.stdin:
            match order.split():
                case ["stop"]:
                    server.stop()
                case ["start"]:
                    server.start()
                case ["set", name, value]:
                    server.settings[name] = value
                case words:
                    raise RuntimeError(f"unknown order: {words}")
            print("done", flush=True)
    finally:
        server.stop()
        if (server.folder / "small").is_mount():
            subprocess.run(["umount", server.folder / "small"])
        server.remove()


def main():
    if len(sys.argv) < 2:
        sys.exit("postgres_cluster: give the command to run beside the server")
    # A killed runner still stops its server.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if sys.argv[1] == "--lend":
        return lend(sys.argv[2:])
    with cluster() as address:
        code = subprocess.run(sys.argv[1:], env=os.environ | {VARIABLE: address}).returncode
    sys.exit(code)


if __name__ == "__main__":
    main()
