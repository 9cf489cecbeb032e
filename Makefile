# Everything a newcomer needs, from a machine with Python 3.11 to 3.13 and nothing else.
#   make run       talk to an agent          make test      all tests, as CI runs them
#   make check     lint, types, fast tests   make help      the rest
# Settings: PYTHON=python3.12  ARGS="--port 9000"  N=1000  JOBS=2

VENV   := .venv
BIN    := $(VENV)/bin
STAMPS := $(VENV)/.stamps
JOBS   ?= 2
N      ?= 1000
ARGS   ?=

# The first Python that is neither too old nor untried.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
  $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1 && { echo $$p; break; }; done)

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# One thread each for the libraries behind numpy: the tests and the models share few cores. Compiled tests are kept,
# whatever the machine says: collecting thousands of them anew takes longer than running them.
PYTEST := OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest
RESULTS := .test-results
# Telephones first: they wait more than they work, so callers' voices can be made beside them.
IN_REAL_TIME := tests/sip tests/browser tests/audio
# Where tests are that are in no hurry.
LEISURELY := tests/audio tests/simulation/test_an_hour_of_drift.py tests/conformance/test_tts.py \
  tests/conformance/test_bench_providers.py tests/conformance/test_batch_vendors.py \
  tests/conformance/test_first_use.py

WEB_SOURCES := $(shell find web -type f -not -path '*/node_modules/*' -not -path '*/dist/*' 2>/dev/null)

INSTALL_FAILED := { echo; \
  echo 'The packages could not be installed (see above).'; \
  echo '  no network, or the package index is not reachable: set PIP_INDEX_URL to your mirror, or see'; \
  echo '  docs/install.md, "Without a network".'; exit 1; }

.PHONY: help run test check check-types check-tests web models simulate bench lock clean env test-env test-web test-models chromium telephones
.DELETE_ON_ERROR:

help:
	@sed -n '2,4s/^# *//p' Makefile
	@echo 'make simulate N=1000  seeded conversations on virtual time'
	@echo 'make bench            what docs/benchmarks.md reports, measured here'
	@echo 'make web | models     build the pages | fetch the embedded models'
	@echo 'make lock             pin the dependencies anew'
	@echo 'make clean            remove what make made (models and calls stay)'

run: env web models
	$(BIN)/antiphon serve $(ARGS)

# --- environment -----------------------------------------------------------------------------------------------

env: $(STAMPS)/serve

$(STAMPS)/venv:
	@test -n '$(PYTHON)' || { \
	  echo 'No Python 3.11, 3.12 or 3.13 was found. Install one, or name it: make run PYTHON=/path/to/python3'; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { \
	  echo '$(PYTHON) is not Python 3.11, 3.12 or 3.13. Name another one: make run PYTHON=python3.12'; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo '$(PYTHON) cannot make environments: its venv module is missing.'; \
	  echo '  Debian, Ubuntu: apt-get install python3-venv    others: install the full Python package'; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/serve: requirements/serve.txt pyproject.toml | $(STAMPS)/venv
	@echo 'Installing Antiphon and its dependencies (once; the embedded voices need espeak-ng, which is GPL-3.0)'
	@$(BIN)/python -m pip install -q --require-hashes -r requirements/serve.txt || $(INSTALL_FAILED)
	@$(BIN)/python -m pip install -q --no-deps --no-build-isolation -e . || $(INSTALL_FAILED)
	@touch $@

test-env: $(STAMPS)/test

$(STAMPS)/test: requirements/test.txt pyproject.toml | $(STAMPS)/venv
	@echo 'Installing what the tests need (once)'
	@$(BIN)/python -m pip install -q --require-hashes -r requirements/test.txt || $(INSTALL_FAILED)
	@$(BIN)/python -m pip install -q --no-deps --no-build-isolation -e . || $(INSTALL_FAILED)
	@touch $@ $(STAMPS)/serve

# --- parts -----------------------------------------------------------------------------------------------------

web: $(STAMPS)/web

$(STAMPS)/web: $(WEB_SOURCES) $(wildcard scripts/build_web.py) | env
	$(BIN)/python scripts/build_web.py
	@touch $@

models: env
	@$(BIN)/antiphon models fetch serve

test-models: test-env
	@$(BIN)/antiphon models fetch serve callers multilingual

# A page that cannot be built leaves out the browser's tests, not all the others.
test-web: test-env
	@$(MAKE) --no-print-directory web || echo 'The talk page could not be built (see above): the browser tests will be left out'

# Quick to give up, since apt would wait for an unreachable archive for minutes.
APT := DEBIAN_FRONTEND=noninteractive timeout 300 apt-get -qq -o Acquire::Retries=1 -o Acquire::http::Timeout=20 \
  -o Acquire::https::Timeout=20 -o DPkg::Lock::Timeout=60

chromium:
	@if command -v chromium >/dev/null || command -v chromium-browser >/dev/null || [ -n "$$CHROMIUM" ]; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo 'Installing Chromium for the browser tests (once)'; \
	  { $(APT) update; $(APT) install -y --no-install-recommends chromium; } </dev/null >/dev/null 2>&1 || \
	    echo 'Chromium could not be installed: the browser tests will be left out'; \
	else echo 'No Chromium on this machine: the browser tests will be left out'; fi

# Telephones of others, and the edge in front of us, for the tests of SIP. What is installed must not start by itself,
# now or at the next boot: it would take the ports of SIP.
TELEPHONES := sipp baresip
TELEPHONE_PACKAGES := sip-tester baresip-core
EDGE := kamailio rtpengine
EDGE_PACKAGES := kamailio kamailio-tls-modules rtpengine-daemon
KEPT_QUIET := /usr/sbin/policy-rc.d

telephones:
	@install() { \
	  PATH="$$PATH:/usr/sbin"; missing=; for program in $$1; do command -v $$program >/dev/null || missing="$$missing $$program"; done; \
	  if [ -z "$$missing" ]; then :; \
	  elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing$$missing for the tests of $$3 (once)"; \
	    { $(APT) update; $(APT) install -y --no-install-recommends $$2; } </dev/null >/dev/null 2>&1 || \
	      echo "It could not be installed: the tests of $$3 will be left out"; \
	  else echo "No$$missing on this machine: the tests of $$3 will be left out"; fi; }; \
	trap 'exit 1' INT TERM; \
	if [ -w $(dir $(KEPT_QUIET)) ] && [ ! -e $(KEPT_QUIET) ]; then \
	  trap 'rm -f $(KEPT_QUIET)' EXIT; printf '#!/bin/sh\nexit 101\n' >$(KEPT_QUIET) && chmod 755 $(KEPT_QUIET); fi; \
	install '$(TELEPHONES)' '$(TELEPHONE_PACKAGES)' SIP; \
	had=$$(command -v kamailio /usr/sbin/kamailio); install '$(EDGE)' '$(EDGE_PACKAGES)' 'the edge'; \
	if [ -z "$$had" ] && [ -x /usr/sbin/kamailio ] && command -v systemctl >/dev/null; then \
	  systemctl -q disable kamailio rtpengine-daemon >/dev/null 2>&1 || :; fi

# --- tests -----------------------------------------------------------------------------------------------------

# Three stages: what shares nothing runs side by side; then telephones and pages, which stutter beside heavy work; then
# calls on embedded models, five callers beside a crowd, and recordings in the time they leave over.
test: test-env test-web test-models chromium telephones
	@rm -rf $(RESULTS); mkdir $(RESULTS); failed=0; \
	echo 'Stage 1 of 3, side by side: all that needs neither real time nor a browser'; \
	$(PYTEST) -n $(JOBS) --dist loadfile -m 'not audio and not browser and not own_pace' \
	  --junitxml=$(RESULTS)/1-side-by-side.xml || failed=1; \
	echo 'Stage 2 of 3, in real time with little to do: telephones, the talk page'; \
	$(BIN)/python -m tests.audio.rendering & \
	$(PYTEST) -n $(JOBS) --dist loadfile --no-loadscope-reorder -m 'sip or light or browser' $(IN_REAL_TIME) \
	  --durations=10 --junitxml=$(RESULTS)/2-in-real-time.xml || failed=1; \
	wait; \
	echo 'Stage 3 of 3, in real time on embedded models: callers, and what nobody wishes for'; \
	$(PYTEST:pytest=tests.at_leisure) -m own_pace $(LEISURELY) --durations=10 \
	  --junitxml=$(RESULTS)/3-at-their-own-pace.xml >$(RESULTS)/own-pace.txt 2>&1 & own_pace=$$!; \
	trap 'kill $$own_pace; exit 130' INT TERM; \
	$(PYTEST) -n $(JOBS) --dist loadfile --no-loadscope-reorder -m 'audio and not sip and not light and not browser' $(IN_REAL_TIME) \
	  --durations=10 --junitxml=$(RESULTS)/3-embedded-models.xml || failed=1; \
	wait $$own_pace || failed=1; echo 'Recordings, in the time the callers left over'; cat $(RESULTS)/own-pace.txt; \
	$(BIN)/python -m tests.totals $(RESULTS)/*.xml || failed=1; \
	exit $$failed

# Types beside the tests: mypy has one core, and the tests leave it idle time while they are collected.
check: test-env
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@$(MAKE) --no-print-directory --output-sync=target -j 2 check-types check-tests

check-types:
	$(BIN)/mypy --strict

check-tests:
	$(PYTEST) tests/house tests/unit tests/property -n $(JOBS) --dist loadfile --hypothesis-profile=quick \
	  -m 'not models and not audio and not browser and not whole'

simulate: test-env
	$(BIN)/python -m tests.simulation.run --calls $(N)

bench: test-env test-models
	@for program in benchmarks/[a-z]*.py; do echo "== $$program"; $(BIN)/python $$program $(ARGS) || exit 1; done

# --- dependencies ----------------------------------------------------------------------------------------------

# Pins with hashes and no addresses, so that they hold behind any mirror. One set for Linux and macOS, 3.11 to 3.13.
LOCK := .tools/bin/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
  --no-emit-index-url --no-emit-find-links --quiet --extra espeak --extra openai pyproject.toml \
  requirements/build.in

# The tests talk to every vendor's double through its own SDK.
VENDORS := anthropic google deepgram assemblyai azure riva elevenlabs cartesia livekit sip telnyx postgres store

lock:
	@test -x .tools/bin/uv || { $(PYTHON) -m venv .tools && .tools/bin/python -m pip install -q uv; }
	$(LOCK) $(ARGS) -o requirements/serve.txt
	$(LOCK) $(ARGS) --extra dev $(VENDORS:%=--extra %) -c requirements/serve.txt -o requirements/test.txt

clean:
	rm -rf $(VENV) .tools $(RESULTS) build dist web/node_modules web/dist src/antiphon/server/static .node \
	  .mypy_cache .ruff_cache .pytest_cache .hypothesis
