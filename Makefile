# Two commands matter: `make run` shows the product, `make test` proves it.
export PATH := $(CURDIR)/.venv/bin:$(PATH):/usr/sbin
VIEWER := npm --prefix viewer_static --silent run
.DEFAULT_GOAL := help
.PHONY: help run test check e2e bench fix

help:   ## say what each command does
	@sed -n 's/^\([a-z0-9]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 14

run:    ## start a demo: an Orthanc of its own with generated studies, and the proxy before it
	@.ci/prepare run
	@exec pacs-proxy demo

test: check    ## every check and every test, with a real Orthanc and a real browser
	pytest -n 2 --dist worksteal --ignore tests/e2e
	$(VIEWER) test
	pytest tests/e2e

check:  ## lint, format, types, import contracts, dead code, unused packages
	@.ci/prepare test
	ruff check
	ruff format --check
	mypy
	lint-imports
	vulture
	deptry .
	$(VIEWER) check

e2e:    ## only the tests that drive a browser
	@.ci/prepare test
	pytest tests/e2e

bench:  ## ratios against Orthanc, nginx and the naive recipe, side by side in one run
	@.ci/prepare bench
	python -m bench.throughput
	python -m bench.faults
	python -m bench.memory
	python -m bench.edge
	python -m bench.tiff
	python -m bench.slide
	python -m bench.browser
	python -m bench.uploads
	python -m bench.damaged
	python -m bench.uploads_chaos

fix:    ## repair what the linters can repair by themselves
	ruff check --fix
	ruff format
	python docs/generate.py
	$(VIEWER) fix
