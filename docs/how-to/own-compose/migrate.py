import os

print(f"schema 7 applied by {os.environ['RANKD_NAME']}", flush=True)
