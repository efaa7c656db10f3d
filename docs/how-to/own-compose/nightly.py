import os, time
from datetime import datetime, timedelta

while True:
    now = datetime.now()
    start = (now + timedelta(days=now.hour >= 2)).replace(hour=2, minute=0, second=0)
    print(f"{os.environ['RANKD_NAME']} writes the report at {start:%H:%M}", flush=True)
    time.sleep((start - now).total_seconds())
    print(f"report written with fence {os.environ['RANKD_FENCE']}", flush=True)
