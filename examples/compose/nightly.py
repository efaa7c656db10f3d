"""Runs a job at an interval. rankctl starts it in one replica only, and stops it before another replica starts it."""

import os
import time

# A store that keeps the largest fence it has seen can refuse a process that was replaced.
fence = os.environ["RANKD_FENCE"]
while True:
    print(f"nightly: report written by {os.environ['RANKD_NAME']} with fence {fence}", flush=True)
    time.sleep(float(os.environ["JOB_EVERY_S"]))
