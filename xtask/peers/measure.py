"""Energy of windows by one tool, on whatever libnvidia-ml.so.1 the loader finds: `cargo xtask bench peers` runs it.

Prints one JSON object per window: what the tool said, what the fake library knows to be true, and what the tool cost.
"""

import argparse
import contextlib
import ctypes
import json
import random
import resource
import sys
import threading
import time


class Zeus:
    """Differences of the energy counter at both edges (zeus.monitor.ZeusMonitor)."""

    def __init__(self):
        from zeus.monitor import ZeusMonitor

        # Nothing runs on the device, so there is nothing to wait for; waiting would need torch.
        self.monitor = ZeusMonitor(gpu_indices=[0], cpu_indices=[])

    def start(self):
        self.monitor.begin_window("window", sync_execution=False)

    def stop(self):
        return self.monitor.end_window("window", sync_execution=False).gpu_energy[0]


class CodeCarbon:
    """An offline tracker with its defaults; the energy of its GPUs alone."""

    def start(self):
        from codecarbon import OfflineEmissionsTracker

        self.tracker = OfflineEmissionsTracker(
            country_iso_code="USA", save_to_file=False, log_level="critical", allow_multiple_runs=True
        )
        self.tracker.start()

    def stop(self):
        self.tracker.stop()
        return self.tracker.final_emissions_data.gpu_energy * 3.6e6


class Polling:
    """PowerUsage every 100 ms by a thread, integrated by the trapezoid from the first sample to the last."""

    def __init__(self):
        import pynvml

        pynvml.nvmlInit()
        device = pynvml.nvmlDeviceGetHandleByIndex(0)
        self.watts = lambda: pynvml.nvmlDeviceGetPowerUsage(device) / 1e3

    def start(self):
        self.samples, self.stopped = [], threading.Event()
        self.thread = threading.Thread(target=self.poll)
        self.thread.start()

    def poll(self):
        while not self.stopped.is_set():
            self.samples.append((time.monotonic(), self.watts()))
            self.stopped.wait(0.1)

    def stop(self):
        self.stopped.set()
        self.thread.join()
        pairs = zip(self.samples, self.samples[1:])
        return sum((t1 - t0) * (p0 + p1) / 2 for (t0, p0), (t1, p1) in pairs)


TOOLS = {"zeus": Zeus, "codecarbon": CodeCarbon, "polling": Polling}


def processor_seconds():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tool", choices=TOOLS)
    parser.add_argument("--lengths", required=True, help="seconds, with commas between")
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    arguments = parser.parse_args()

    library = ctypes.CDLL("libnvidia-ml.so.1")
    library.fakeNvmlJoules.restype = ctypes.c_double
    library.fakeNvmlJoules.argtypes = [ctypes.c_uint64, ctypes.c_uint64]
    draw = random.Random(arguments.seed)
    # What the tools print is not for the reader of the figures.
    with contextlib.redirect_stdout(sys.stderr):
        tool = TOOLS[arguments.tool]()
    for _ in range(arguments.rounds):
        for length in map(float, arguments.lengths.split(",")):
            time.sleep(draw.uniform(0.3, 1.3))
            with contextlib.redirect_stdout(sys.stderr):
                began, spent = time.monotonic(), processor_seconds()
                tool.start()
                start = time.monotonic_ns()
                time.sleep(length)
                end = time.monotonic_ns()
                energy = tool.stop()
                spent, took = processor_seconds() - spent, time.monotonic() - began
            truth = library.fakeNvmlJoules(start, end)
            line = {"length_s": length, "energy_j": energy, "truth_j": truth, "half_width_j": None}
            print(json.dumps({**line, "processor_s": spent, "took_s": took}), flush=True)


if __name__ == "__main__":
    main()
