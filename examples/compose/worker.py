"""Works on its share of the keys. All that it knows of rankd are three environment variables."""

import os
import signal
import sys
import time

# The slot stays the same while this replica runs: a number for a device, a port or a file.
slot = int(os.environ["RANKD_SLOT"])
# Ranks have no gaps, so they divide the keys. Both numbers change when replicas come and go.
rank, size = int(os.environ["RANKD_RANK"]), int(os.environ["RANKD_SIZE"])


def stop(*_):
    print(f"worker {slot}: stopped", flush=True)
    sys.exit(0)


signal.signal(signal.SIGTERM, stop)
print(f"worker {slot}: share {rank} of {size}, keys {[key for key in range(12) if key % size == rank]}", flush=True)
while True:
    time.sleep(1)
