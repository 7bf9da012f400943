# Thin: each target calls the commands that the README shows, after setting up what they need.
PYTHON ?= python3
VENV ?= .venv
LOCK ?= requirements.lock
DEV_LOCK ?= requirements-dev.lock
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
DEVELOPED := $(VENV)/.developed

# Images often forbid Python to keep what it compiled; then each of hundreds of processes would compile dbt again.
unexport PYTHONDONTWRITEBYTECODE

# Every package is one whose hash is known, and ours is built by one of them.
PIP_INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --no-compile

# `PG=system` has the tests and the demo use the machine's own PostgreSQL, such as Debian's 15.
ifeq ($(PG),system)
STUCK_JOBS_PG_BIN := $(or $(dir $(lastword $(sort $(wildcard /usr/lib/postgresql/*/bin/initdb)))),\
	$(shell pg_config --bindir),$(error there is no PostgreSQL here, or no pg_config that says where))
export STUCK_JOBS_PG_BIN
endif

IN_TWO := --numprocesses 2 --dist loadfile --no-loadscope-reorder --ignore tests/python/systems

.PHONY: demo test test-long test-quick test-benchmarks test-systems test-systems-newest lock-systems test-pythons test-dbt-1.12 test-system-redis test-system-postgres test-airflow test-citus lint lint-types lint-sql lint-sql-as-built install develop lock lock-airflow clean

demo: develop
	$(BIN)/stuck-jobs demo

# `TESTS=` chooses some of them.
test: develop
	$(BIN)/pytest $(IN_TWO) -m "not long" $(TESTS)

# Those that build again and again.
test-long: develop
	$(BIN)/pytest $(IN_TWO) -m long $(TESTS)

# What the benchmarks say of themselves on small data; they take minutes, so they are not among the others.
test-benchmarks: develop
	$(BIN)/pytest tests/benchmarks

# What a change in one model needs: the unit tests, the levels, the contracts, and the oracle.
# `MODEL=` leaves of the unit tests those of a model and of what is downstream of it.
test-quick:
	HYPOTHESIS_PROFILE=brief STUCK_JOBS_MODEL="$(MODEL)" $(MAKE) test TESTS="tests/python/test_user_settings.py \
		tests/python/test_levels.py tests/python/test_contracts.py tests/python/test_invariants.py"

# On the machine's other Pythons, each in an environment of its own: the demo, and tests of what differs between them.
test-pythons: develop
	.ci/pythons

# The same on dbt 1.12, without the experimental parser that pyproject.toml tells of.
test-dbt-1.12:
	$(MAKE) demo test VENV=.venv-dbt-1.12 LOCK=requirements-dbt-1.12.lock DEV_LOCK=requirements-dbt-1.12.lock \
		TESTS="tests/python/test_user_settings.py tests/python/test_contracts.py tests/python/test_levels.py"

# The same tests of the queue on the machine's own redis-server, such as Debian's 7.0.
test-system-redis: develop
	HYPOTHESIS_PROFILE=brief STUCK_JOBS_REDIS_BIN="$$(command -v redis-server)" \
		$(BIN)/pytest tests/python/test_collect.py tests/python/test_queue_causes.py

# The same views from other kinds of tables, and on a standby, with the machine's own PostgreSQL.
test-system-postgres:
	HYPOTHESIS_PROFILE=brief $(MAKE) test PG=system TESTS="tests/python/test_standby.py \
		tests/python/test_source_variants.py -k 'standby or partitioned or instead or types'"

# The other job systems, really run, with their workers killed and drained, in an environment of their own.
test-systems: develop .venv-systems/.installed .venv-airflow/.installed
	$(BIN)/pytest --numprocesses 2 --dist loadfile tests/python/systems $(TESTS)

# Of those what .ci/run has time for: the newest version of each, and no Airflow.
test-systems-newest: develop .venv-systems/.installed
	$(BIN)/pytest --numprocesses 2 --dist loadfile tests/python/systems -k "not oldest and not airflow" $(TESTS)

# The DAGs, run by an Airflow in an environment of its own: its dependencies and dbt's would not agree.
test-airflow: develop .venv-airflow/.installed
	$(BIN)/stuck-jobs sandbox -- .venv-airflow/bin/pytest tests/airflow

# On a cluster that runs already: CITUS_URL is a database of its coordinator, by a superuser.
test-citus: develop
	@if [ -n "$$CITUS_URL" ]; then $(BIN)/python -m pytest tests/citus; else echo "test-citus: skipped, CITUS_URL names no cluster"; fi

lint: develop
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(MAKE) --jobs=2 --output-sync=target lint-sql lint-sql-as-built lint-types

lint-types:
	$(BIN)/mypy

lint-sql:
	$(BIN)/sqlfluff lint --templater jinja models tests/singular analyses

# As dbt renders it, which takes a database.
lint-sql-as-built:
	$(BIN)/stuck-jobs sandbox -- $(BIN)/sqlfluff lint models tests/singular analyses

# What a production needs, and no more: no tests, no servers.
install: $(INSTALLED)

develop: $(DEVELOPED)

$(INSTALLED): $(LOCK) pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info < (3, 14) else "This is Python %d.%d, and \
	stuck-jobs runs on 3.11 to 3.13. Say which one to use, such as: make demo PYTHON=python3.12" % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)
	$(PIP_INSTALL) --no-deps --require-hashes --requirement $(LOCK)
	$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	touch $(INSTALLED)

SYSTEMS_NODE := .venv-systems/node

.venv-systems/.installed: tests/python/systems/requirements.txt tests/python/systems/oldest.txt \
		tests/python/systems/node/package.json tests/python/systems/node/package-lock.json
	$(PYTHON) -m venv .venv-systems
	.venv-systems/bin/pip install --quiet --disable-pip-version-check --no-compile \
		--require-hashes --no-deps --requirement tests/python/systems/requirements.txt
	.venv-systems/bin/pip install --quiet --disable-pip-version-check --no-compile --target .venv-systems/oldest \
		--require-hashes --no-deps --requirement tests/python/systems/oldest.txt
	rm -rf $(SYSTEMS_NODE) .venv-systems/bin/node
	! command -v npm > /dev/null || $(MAKE) $(SYSTEMS_NODE)
	touch $@

# With a Node that is new enough: the package's, or where it has none for the machine, the machine's own.
$(SYSTEMS_NODE):
	mkdir $@
	cp tests/python/systems/node/package*.json $@
	npm ci --prefix $@ --ignore-scripts --no-audit --no-fund --loglevel=error
	ln -s "$$(ls $(CURDIR)/$@/node_modules/node-linux-*/bin/node 2> /dev/null || command -v node)" .venv-systems/bin/node

$(DEVELOPED): $(INSTALLED) $(DEV_LOCK)
	$(PIP_INSTALL) --no-deps --require-hashes --requirement $(DEV_LOCK)
	touch $(DEVELOPED)

.venv-airflow/.installed: orchestration/airflow/requirements.txt
	$(PYTHON) -m venv .venv-airflow
	.venv-airflow/bin/pip install --quiet --disable-pip-version-check --no-compile \
		--require-hashes --no-deps --requirement orchestration/airflow/requirements.txt
	touch $@

UV_COMPILE = $(PYTHON) -m uv pip compile --universal --python-version 3.11 --no-header --no-annotate --no-emit-index-url \
	--no-strip-extras --generate-hashes --upgrade

# Takes the newest versions that pyproject.toml allows, and the same with dbt 1.12.
lock:
	$(PYTHON) -m pip install --quiet uv
	$(UV_COMPILE) pyproject.toml --extra dev --output-file requirements-dev.lock
	$(UV_COMPILE) pyproject.toml --extra build --constraint requirements-dev.lock --output-file requirements.lock
	echo 'dbt-core>=1.12,<1.13' | $(UV_COMPILE) pyproject.toml --extra dev --overrides /dev/stdin \
		--output-file requirements-dbt-1.12.lock

lock-airflow:
	$(PYTHON) -m pip install --quiet uv
	$(UV_COMPILE) orchestration/airflow/requirements.in --output-file orchestration/airflow/requirements.txt

lock-systems:
	$(PYTHON) -m pip install --quiet uv
	$(UV_COMPILE) tests/python/systems/requirements.in --output-file tests/python/systems/requirements.txt
	$(UV_COMPILE) tests/python/systems/oldest.in --no-deps --output-file tests/python/systems/oldest.txt
	cd tests/python/systems/node && rm package-lock.json && npm install --package-lock-only --ignore-scripts \
		--omit-lockfile-registry-resolved --no-audit --no-fund --loglevel=error

clean:
	rm -rf .venv .venv-* target logs dbt_packages .pytest_cache .mypy_cache .ruff_cache .hypothesis
