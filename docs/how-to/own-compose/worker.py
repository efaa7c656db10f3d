import os, time

print(f"I am replica {os.environ['RANKD_RANK']} of {os.environ['RANKD_SIZE']}, slot {os.environ['RANKD_SLOT']}", flush=True)
time.sleep(3600)
