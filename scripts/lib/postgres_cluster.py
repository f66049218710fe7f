"""A PostgreSQL server of the tests' own: made in a temporary folder, reached over a Unix socket, stopped and removed at the end.

PostgreSQL refuses root, so under root the server runs as the system user `postgres` that its Debian package makes.
As a program it runs one command beside a server:   postgres_cluster.py COMMAND ...
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


@contextlib.contextmanager
def cluster():
    """Lends a running server: yields its address with the database `postgres` and a superuser."""
    programs = server_programs()
    if programs is None:
        raise RuntimeError("no PostgreSQL server of version 15 or later is installed")
    user = owner()
    identity = {"user": user[1], "group": user[2], "extra_groups": []} if user else {}
    name = user[0] if user else pwd.getpwuid(os.getuid()).pw_name
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sheltie-postgres-"))
    server = None
    try:
        if user:
            os.chown(folder, user[1], user[2])
        # Others may look for the socket, and nothing else: the data folder is its owner's alone.
        folder.chmod(0o711)
        run = dict(cwd="/", stdin=subprocess.DEVNULL, **identity)
        subprocess.run([programs / "initdb", "--pgdata", folder / "data", "--username", "postgres", "--auth", "trust", "--encoding", "UTF8",
                        "--locale", "C.UTF-8", "--no-sync"], check=True, stdout=subprocess.DEVNULL, **run)
        options = [part for setting in SETTINGS.items() for part in ("-c", "=".join(setting).replace("''", ""))]
        with open(folder / "log", "wb") as log:
            server = subprocess.Popen([programs / "postgres", "-D", folder / "data", "-k", folder, *options], stdout=log, stderr=log,
                                      start_new_session=True, **run)
        ready = [programs / "pg_isready", "--quiet", "--host", folder, "--username", "postgres"]
        deadline = time.monotonic() + 60
        while subprocess.run(ready, stdin=subprocess.DEVNULL).returncode != 0:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL as {name} did not start: {(folder / 'log').read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)
        yield f"postgresql://postgres@/postgres?host={folder}"
    finally:
        if server is not None and server.poll() is None:
            # A quick end of every session (postgres, "Shutting Down the Server"): the folder goes anyway.
            server.send_signal(signal.SIGQUIT)
            try:
                server.wait(30)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def main():
    if len(sys.argv) < 2:
        sys.exit("postgres_cluster: give the command to run beside the server")
    # A killed runner still stops its server.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with cluster() as address:
        code = subprocess.run(sys.argv[1:], env=os.environ | {VARIABLE: address}).returncode
    sys.exit(code)


if __name__ == "__main__":
    main()
