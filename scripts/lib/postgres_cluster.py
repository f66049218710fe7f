"""A PostgreSQL server of the tests' own: made in a temporary folder, stopped and removed at the end.

PostgreSQL refuses root, so under root the server runs as the system user `postgres` that its Debian package makes.
As a program it runs one command beside a server:      postgres_cluster.py COMMAND ...
several servers, as standard input says (`control`):    postgres_cluster.py --control
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
    "track_commit_timestamp": "on", "shared_preload_libraries": "pg_stat_statements", "pg_stat_statements.max": "50000",
    "pg_stat_statements.track_utility": "off",
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


class Server:
    """A server in a folder of its own, with its data, its socket and its log; where a port is given, at 127.0.0.1, too."""

    def __init__(self, settings=(), port=5432):
        self.programs = server_programs()
        if self.programs is None:
            raise RuntimeError("no PostgreSQL server of version 15 or later is installed")
        self.settings = SETTINGS | dict(settings)
        self.port = port
        user = owner()
        identity = {"user": user[1], "group": user[2], "extra_groups": []} if user else {}
        self.identity = dict(cwd="/", stdin=subprocess.DEVNULL, **identity)
        self.process = None
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sheltie-postgres-"))
        if user:
            os.chown(self.folder, user[1], user[2])
        # Others may look for the socket, and nothing else: the data folder is its owner's alone.
        self.folder.chmod(0o711)

    @property
    def address(self):
        return f"postgresql://postgres@/postgres?host={self.folder}"

    def run(self, program, *arguments):
        subprocess.run([self.programs / program, *arguments], check=True, stdout=subprocess.DEVNULL, **self.identity)

    def make(self):
        self.run("initdb", "--pgdata", self.folder / "data", "--username", "postgres", "--auth", "trust", "--encoding", "UTF8",
                 "--locale", "C.UTF-8", "--no-sync")

    def copy(self, primary, name):
        """Makes this one a hot standby, which the primary knows by the name."""
        self.run("pg_basebackup", "--host", primary.folder, "--username", "postgres", "--pgdata", self.folder / "data", "--wal-method", "stream",
                 "--checkpoint", "fast", "--no-sync", "--write-recovery-conf", "--dbname", f"application_name={name}")

    def start(self):
        options = [part for setting in self.settings.items() for part in ("-c", "=".join(setting))]
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen([self.programs / "postgres", "-D", self.folder / "data", "-k", self.folder, "-p", str(self.port), *options],
                                            stdout=log, stderr=log, start_new_session=True, **self.identity)
        ready = [self.programs / "pg_isready", "--quiet", "--host", self.folder, "--port", str(self.port), "--username", "postgres"]
        deadline = time.monotonic() + 60
        while subprocess.run(ready, stdin=subprocess.DEVNULL).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start: {(self.folder / 'log').read_text(errors='replace')[-2000:]}")
            time.sleep(0.02)

    def stop(self):
        """Ends every session at once, without a last word to the disk: the next start recovers (postgres, "Shutting Down the Server")."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGQUIT)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def promote(self):
        self.run("pg_ctl", "promote", "--wait", "--pgdata", self.folder / "data")

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
    server = Server()
    try:
        server.make()
        server.start()
        # What the tests look at by themselves, they look at as another user than the program under test: the server counts its
        # statements apart (scripts/lib/check_statements.py).
        server.run("psql", "--no-psqlrc", "--quiet", server.address, "--command", "CREATE ROLE looker SUPERUSER LOGIN; CREATE ROLE mover SUPERUSER LOGIN",
                   "--command", "CREATE EXTENSION pg_stat_statements")
        yield server.address
    finally:
        server.remove()


def control():
    """Servers as the lines of standard input say, until it ends; answers each line with one of its own."""
    servers = {}
    try:
        for line in sys.stdin:
            act, name, *more = line.split()
            try:
                if act == "primary":
                    # Durable, since what is proven here is what survives.
                    servers[name] = Server({"fsync": "on", "full_page_writes": "on"} | dict(part.split("=", 1) for part in more))
                    servers[name].make()
                    servers[name].start()
                elif act == "standby":
                    servers[name] = Server()
                    servers[name].copy(servers[more[0]], name)
                    servers[name].start()
                else:
                    {"start": Server.start, "stop": Server.stop, "promote": Server.promote}[act](servers[name])
                print("ok", servers[name].folder, flush=True)
            except (RuntimeError, subprocess.CalledProcessError) as error:
                print("failed", " ".join(str(error).split()), flush=True)
    finally:
        for server in servers.values():
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
    server = Server({"listen_addresses": "127.0.0.1"} | dict(word.split("=", 1) for word in arguments if not word.startswith("-")), free_port())
    try:
        server.make()
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
    if sys.argv[1:] == ["--control"]:
        return control()
    if sys.argv[1] == "--lend":
        return lend(sys.argv[2:])
    with cluster() as address:
        code = subprocess.run(sys.argv[1:], env=os.environ | {VARIABLE: address}).returncode
    sys.exit(code)


if __name__ == "__main__":
    main()
