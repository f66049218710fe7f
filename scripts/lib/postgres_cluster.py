"""A PostgreSQL server of the tests' own: made in a temporary folder, reached over a Unix socket, stopped and removed at the end.

PostgreSQL refuses root, so under root the server runs as the system user `postgres` that its Debian package makes.
As a program it runs one command beside a server, or several servers as standard input says:
    postgres_cluster.py COMMAND ...
    postgres_cluster.py --control
"""
import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time

VARIABLE = "SHELTIE_TEST_POSTGRES"
# Nothing that the tests write must outlive a power failure, and no value of theirs belongs in a log.
SETTINGS = {
    "listen_addresses": "''", "fsync": "off", "full_page_writes": "off", "max_connections": "100", "max_locks_per_transaction": "256", "log_statement": "none",
    "log_parameter_max_length": "0", "log_parameter_max_length_on_error": "0", "shared_buffers": "64MB", "max_wal_size": "256MB",
    "track_commit_timestamp": "on", "shared_preload_libraries": "pg_stat_statements", "pg_stat_statements.max": "50000",
    "pg_stat_statements.track_utility": "off",
}


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
    """One server with a folder of its own: its data, its socket, its log."""

    def __init__(self, name, settings=()):
        self.programs = server_programs()
        if self.programs is None:
            raise RuntimeError("no PostgreSQL server of version 15 or later is installed")
        self.user = owner()
        self.name = name
        self.settings = SETTINGS | dict(settings)
        self.process = None
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sheltie-postgres-"))
        if self.user:
            os.chown(self.folder, self.user[1], self.user[2])
        # Others may look for the socket, and nothing else: the data folder is its owner's alone.
        self.folder.chmod(0o711)

    @property
    def address(self):
        return f"postgresql://postgres@/postgres?host={self.folder}"

    def run(self, program, *arguments):
        subprocess.run([self.programs / program, *arguments], check=True, stdout=subprocess.DEVNULL, **self.identity())

    def identity(self):
        user = {"user": self.user[1], "group": self.user[2], "extra_groups": []} if self.user else {}
        return dict(cwd="/", stdin=subprocess.DEVNULL, **user)

    def make(self):
        self.run("initdb", "--pgdata", self.folder / "data", "--username", "postgres", "--auth", "trust", "--encoding", "UTF8",
                 "--locale", "C.UTF-8", "--no-sync")

    def copy(self, primary):
        """Makes this one a hot standby."""
        self.run("pg_basebackup", "--host", primary.folder, "--username", "postgres", "--pgdata", self.folder / "data", "--wal-method", "stream",
                 "--checkpoint", "fast", "--no-sync", "--write-recovery-conf", "--dbname", f"application_name={self.name}")

    def start(self):
        options = [part for setting in self.settings.items() for part in ("-c", "=".join(setting).replace("''", ""))]
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen([self.programs / "postgres", "-D", self.folder / "data", "-k", self.folder, *options], stdout=log,
                                            stderr=log, start_new_session=True, **self.identity())
        ready = [self.programs / "pg_isready", "--quiet", "--host", self.folder, "--username", "postgres"]
        deadline = time.monotonic() + 60
        while subprocess.run(ready, stdin=subprocess.DEVNULL).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start: {(self.folder / 'log').read_text(errors='replace')[-2000:]}")
            time.sleep(0.02)

    def stop(self):
        """A quick end of every session ("immediate" in postgres, "Shutting Down the Server")."""
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


@contextlib.contextmanager
def cluster():
    """Lends a running server: yields its address with the database `postgres` and a superuser."""
    server = Server("alone")
    try:
        server.make()
        server.start()
        # What the tests look at by themselves, they look at as another user than the program under test: the server counts its
        # statements apart (scripts/lib/check_statements.py).
        server.run("psql", "--no-psqlrc", "--quiet", server.address, "--command", "CREATE ROLE looker SUPERUSER LOGIN",
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
                    servers[name] = Server(name, {"fsync": "on", "full_page_writes": "on"} | dict(part.split("=", 1) for part in more))
                    servers[name].make()
                    servers[name].start()
                elif act == "standby":
                    servers[name] = Server(name)
                    servers[name].copy(servers[more[0]])
                    servers[name].start()
                else:
                    {"start": Server.start, "stop": Server.stop, "promote": Server.promote}[act](servers[name])
                print("ok", servers[name].folder, flush=True)
            except (RuntimeError, subprocess.CalledProcessError) as error:
                print("failed", " ".join(str(error).split()), flush=True)
    finally:
        for server in servers.values():
            server.remove()


def main():
    if len(sys.argv) < 2:
        sys.exit("postgres_cluster: give the command to run beside the server")
    # A killed runner still stops its server.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if sys.argv[1:] == ["--control"]:
        return control()
    with cluster() as address:
        code = subprocess.run(sys.argv[1:], env=os.environ | {VARIABLE: address}).returncode
    sys.exit(code)


if __name__ == "__main__":
    main()
