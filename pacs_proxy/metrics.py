"""Counters for Prometheus; with several workers they live in PROMETHEUS_MULTIPROC_DIR."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

UPSTREAM_REQUESTS = Counter("pacs_upstream_requests_total", "Requests sent to the archive.")
UPSTREAM_RETRIES = Counter("pacs_upstream_retries_total", "Requests that were second tries.")
UPSTREAM_RESUMES = Counter("pacs_upstream_resumes_total", "Bodies continued after a cut.")
UPSTREAM_FAILURES = Counter(
    "pacs_upstream_failures_total", "Answers that could not be used, by kind.", ["kind"]
)
UPSTREAM_CORRUPT = Counter(
    "pacs_upstream_corrupt_total", "Whole bodies whose length or digest was wrong."
)
UPSTREAM_DAMAGED = Counter(
    "pacs_upstream_damaged_total", "Objects given up as damaged in the archive."
)
PROBES = Counter("pacs_upstream_probes_total", "Probes of a node that was away.", ["answer"])
ABANDONED = Counter("pacs_abandoned_total", "Requests whose client left before the answer.")
SPOOL_HITS = Counter("pacs_spool_hits_total", "Instances answered from the verified spool.")
SPOOL_MISSES = Counter("pacs_spool_misses_total", "Instances fetched from the archive.")
SPOOL_DIRECT = Counter("pacs_spool_direct_total", "Bodies streamed past the spool.")
WARMED = Counter("pacs_warmed_total", "Instances fetched before a reader asked for them.")
UNUSUALLY_SMALL = Counter(
    "pacs_small_instances_total", "Verified instances below the minimum DICOM size."
)
REQUESTS = Counter(
    "pacs_http_requests_total", "Answers to browsers, by route and status.", ["route", "status"]
)
SECONDS = Histogram(
    "pacs_http_seconds",
    "Time until an answer's headers, by route.",
    ["route"],
    buckets=(0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0),
)
SEEN = Counter("pacs_browser_seen_total", "What browsers reported, by category.", ["name"])
DECODES = Counter("pacs_decodes_total", "Pictures made by the decoder.", ["kind", "outcome"])
JOBS = Counter("pacs_jobs_total", "Jobs run, by kind and how they ended.", ["kind", "outcome"])
