"""Compares transports: CPU time of the client process, each scenario in a process of its own, the best of several runs.

``python transports.py [--clients A,B] [--scenarios A,B] [--runs N]`` prints a table. ``cold`` is import, client and one
call; with ``--instructions`` it is counted in millions of instructions by callgrind. The server is a third process.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from measured_client import CLIENTS

HERE = Path(__file__).parent
SCENARIOS = "calls-2000,chunks-2000,chunks-20000,agents-100,agents-1000,cold"


def main() -> None:
    options = parsed()
    with subprocess.Popen([sys.executable, HERE / "mock_server.py"], stdout=subprocess.PIPE, text=True) as server:
        port = server.stdout.readline().strip()
        try:
            for scenario in options.scenarios.split(","):
                for client in options.clients.split(","):
                    print(f"{scenario:14}{client:30}{measured(client, scenario, port, options)}", flush=True)
        finally:
            server.terminate()


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", default=",".join(CLIENTS))
    parser.add_argument("--scenarios", default=SCENARIOS)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--instructions", action="store_true")
    return parser.parse_args()


def measured(client: str, scenario: str, port: str, options: argparse.Namespace) -> str:
    command = [sys.executable, str(HERE / "measured_client.py"), client, scenario, port]
    if scenario == "cold" and options.instructions:
        return instructions(command)
    runs = [subprocess.run(command, capture_output=True, text=True, check=False) for _ in range(options.runs)]
    failed = [run for run in runs if run.returncode]
    times = [float(run.stdout) for run in runs if not run.returncode]
    text = f"{min(times):9.3f} s" if times else "         -"
    return text + (f"   {len(failed)} of {len(runs)} runs crashed: {last_line(failed[0].stderr)}" if failed else "")


def last_line(text: str) -> str:
    return next(line for line in text.splitlines() if line.strip())[:100]


def instructions(command: list[str]) -> str:
    with TemporaryDirectory() as folder:  # callgrind replaces its output file: root would lose a device
        callgrind = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/profile", *command]
        done = subprocess.run(callgrind, capture_output=True, text=True, check=True)
    count = re.search(r"Collected : (\d+)", done.stderr)
    return f"{int(count[1]) / 1e6:9.0f} million instructions"


if __name__ == "__main__":
    main()
