"""Benchmarks anyone can run: `.venv/bin/python -m bench.NAME --json`.

Each starts what it needs on a folder and ports of its own, measures from outside, stops everything
and prints one JSON object as its last line (readable lines without --json).
"""
