#!/usr/bin/env python3
"""Compares `qingstor` with rclone's native backend for QingStor, against one local server.

    compare.py QINGSTOR RCLONE [TASK..]

Prints a table: for each task the seconds, CPU seconds and memory of both programs, the best of several runs. The server is
`qingstor emulator --in-memory`, which shares the processors with the programs.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time

RUNS = 3
SMALL_FILES = 10_000
SMALL_SIZE = 4096
LARGE_SIZE = 2 << 30
KEYS = 100_000
BUCKET = "compare"


class Server:
    """A local server in memory, with one empty bucket."""

    def __init__(self, program):
        arguments = [program, "emulator", "--listen", "127.0.0.1:0", "--in-memory", "--bucket", BUCKET]
        self.process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.settings = {}
        while len(self.settings) < 4:
            line = self.process.stdout.readline()
            if not line:
                sys.exit("the server did not start")
            if line.startswith("export "):
                name, value = line.removeprefix("export ").strip().split("=", 1)
                self.settings[name] = value

    def environments(self, home):
        """Returns the environments of `qingstor` and of rclone."""
        settings = self.settings
        common = {"PATH": os.environ["PATH"], "HOME": home}
        # rclone always puts the zone into the host name, so the server is its proxy.
        remote = {
            "TYPE": "qingstor",
            "ACCESS_KEY_ID": settings["QINGSTOR_ACCESS_KEY_ID"],
            "SECRET_ACCESS_KEY": settings["QINGSTOR_SECRET_ACCESS_KEY"],
            "ENDPOINT": "http://qingstor.com:80",
            "ZONE": settings["QINGSTOR_ZONE"],
        }
        rclone = {f"RCLONE_CONFIG_QS_{name}": value for name, value in remote.items()}
        return [{**common, **settings}, {**common, **rclone, "http_proxy": settings["QINGSTOR_ENDPOINT"]}]

    def stop(self):
        self.process.kill()
        self.process.wait()


def measure(command, environment):
    """Returns the seconds, CPU seconds and MiB of a command, which must succeed."""
    start = time.monotonic()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - start
    if status != 0:
        sys.exit(f"failed: {' '.join(command)}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def best(commands, environments, prepare):
    """Returns the best values of several runs of each command, which take turns."""
    results = [[] for _ in commands]
    for _ in range(RUNS):
        for index, command in enumerate(commands):
            prepare(index)
            results[index].append(measure(command, environments[index]))
    return [tuple(min(run[column] for run in runs) for column in range(3)) for runs in results]


def row(task, ours, theirs):
    cells = [f"{a:.{digits}f} / {b:.{digits}f}" for a, b, digits in zip(ours, theirs, (2, 2, 0))]
    ratio = theirs[0] / ours[0]
    print(f"| {task} | {' | '.join(cells)} | {ratio:.1f} |", flush=True)


def write_small(folder):
    for number in range(SMALL_FILES):
        path = os.path.join(folder, str(number % 100))
        os.makedirs(path, exist_ok=True)
        with open(os.path.join(path, str(number)), "wb") as file:
            file.write(os.urandom(SMALL_SIZE))


def compare(program, rclone, tasks):
    folder = tempfile.mkdtemp(dir=os.environ.get("TMPDIR", "/tmp"))
    server = Server(program)
    environments = server.environments(folder)
    environment = environments[0]
    remote = f"qs:{BUCKET}"
    bucket = f"qs://{BUCKET}"
    # The setting with which rclone is fastest here.
    rclone = [rclone, "--transfers", "32", "--checkers", "32", "--quiet"]
    quiet = [program, "--quiet"]
    subprocess.run([program, "--version"], check=True, stdout=subprocess.DEVNULL)
    print("| task | seconds | CPU seconds | MiB | times as fast |\n| --- | --- | --- | --- | --- |")
    small, down = os.path.join(folder, "small"), os.path.join(folder, "down")
    large = os.path.join(folder, "large")

    def empty(prefixes):
        for prefix in prefixes:
            command = [program, "--quiet", "rm", "-r", "--yes", f"{bucket}/{prefix}"]
            subprocess.run(command, env=environment, check=False, stderr=subprocess.DEVNULL)

    def remove_down(_):
        shutil.rmtree(down, ignore_errors=True)

    try:
        if "small" in tasks:
            write_small(small)
            places = ["a", "b"]
            commands = [
                [*quiet, "cp", "-r", small, f"{bucket}/a"],
                [*rclone, "copy", "--no-traverse", small, f"{remote}/b"],
            ]
            row("10,000 files of 4 KiB up", *best(commands, environments, lambda index: empty([places[index]])))
            commands = [
                [*quiet, "sync", small, f"{bucket}/a"],
                [*rclone, "sync", small, f"{remote}/b"],
            ]
            row("10,000 unchanged files, sync", *best(commands, environments, lambda _: None))
            commands = [
                [*quiet, "cp", "-r", f"{bucket}/a", down],
                [*rclone, "copy", f"{remote}/b", down],
            ]
            row("10,000 files of 4 KiB down", *best(commands, environments, remove_down))
            remove_down(0)
            empty(places)
        if "large" in tasks:
            block = os.urandom(1 << 20)
            with open(large, "wb") as file:
                for _ in range(LARGE_SIZE >> 20):
                    file.write(block)
            places = ["large-a", "large-b"]
            commands = [
                [*quiet, "cp", large, f"{bucket}/large-a"],
                [*rclone, "copyto", large, f"{remote}/large-b"],
            ]
            row("one file of 2 GiB up", *best(commands, environments, lambda index: empty([places[index]])))

            def remove_file(_):
                if os.path.exists(down):
                    os.remove(down)

            # Each program downloads what it has uploaded.
            commands = [
                [*quiet, "cp", f"{bucket}/large-a", down],
                [*rclone, "copyto", f"{remote}/large-b", down],
            ]
            row("the same file down", *best(commands, environments, remove_file))
            # The ETag of this object is its MD5, so that both programs compute that of the file.
            commands = [
                [*quiet, "cp", f"{bucket}/large-b", down],
                [*rclone, "copyto", f"{remote}/large-b", down],
            ]
            row("2 GiB down, MD5 known", *best(commands, environments, remove_file))
            remove_file(0)
            empty(places)
        if "list" in tasks:
            shutil.rmtree(small, ignore_errors=True)
            for number in range(KEYS):
                path = os.path.join(small, str(number % 100))
                os.makedirs(path, exist_ok=True)
                open(os.path.join(path, str(number)), "wb").close()
            subprocess.run([*quiet, "cp", "-r", small, f"{bucket}/keys"], env=environment, check=True)
            commands = [
                [program, "ls", "-R", f"{bucket}/keys/"],
                [*rclone, "lsf", "-R", f"{remote}/keys"],
            ]
            row("list of 100,000 keys", *best(commands, environments, lambda _: None))
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    compare(sys.argv[1], sys.argv[2], sys.argv[3:] or ["small", "large", "list"])
