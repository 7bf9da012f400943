# Thin: each target calls the commands that the README shows, after setting up what they need.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed

# `PG=system` has the tests and the demo use the machine's own PostgreSQL, such as Debian's 15.
ifeq ($(PG),system)
STUCK_JOBS_PG_BIN := $(or $(dir $(lastword $(sort $(wildcard /usr/lib/postgresql/*/bin/initdb)))),\
	$(shell pg_config --bindir),$(error there is no PostgreSQL here, or no pg_config that says where))
export STUCK_JOBS_PG_BIN
endif

.PHONY: demo test test-system-redis test-system-postgres test-airflow lint install lock lock-airflow clean

demo: install
	$(BIN)/stuck-jobs demo

# `TESTS=` chooses some of them.
test: install
	$(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder $(TESTS)

# The same tests of the queue on the machine's own redis-server, such as Debian's 7.0.
test-system-redis: install
	HYPOTHESIS_PROFILE=brief STUCK_JOBS_REDIS_BIN="$$(command -v redis-server)" \
		$(BIN)/pytest tests/python/test_collect.py tests/python/test_queue_causes.py

# The same views from other kinds of tables, and on a standby, with the machine's own PostgreSQL.
test-system-postgres:
	HYPOTHESIS_PROFILE=brief $(MAKE) test PG=system TESTS="tests/python/test_invariants.py tests/python/test_standby.py \
		tests/python/test_source_variants.py -k 'invariants or standby or partitioned or instead or types'"

# The DAGs, run by an Airflow in an environment of its own: its dependencies and dbt's would not agree.
test-airflow: install .venv-airflow/.installed
	$(BIN)/stuck-jobs sandbox -- .venv-airflow/bin/pytest tests/airflow

lint: install
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/sqlfluff lint --templater jinja models tests/singular analyses
	$(BIN)/stuck-jobs sandbox -- $(BIN)/sqlfluff lint models tests/singular analyses

install: $(INSTALLED)

$(INSTALLED): requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --no-compile --requirement requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $(INSTALLED)

.venv-airflow/.installed: orchestration/airflow/requirements.txt
	$(PYTHON) -m venv .venv-airflow
	.venv-airflow/bin/pip install --quiet --disable-pip-version-check --no-compile --requirement orchestration/airflow/requirements.txt
	touch $@

# Takes the newest versions that pyproject.toml allows.
lock:
	$(PYTHON) -m pip install --quiet uv
	$(PYTHON) -m uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
		--no-annotate --no-emit-index-url --upgrade --output-file requirements.lock

lock-airflow:
	$(PYTHON) -m pip install --quiet uv
	$(PYTHON) -m uv pip compile orchestration/airflow/requirements.in --universal --python-version 3.11 \
		--no-annotate --no-emit-index-url --upgrade --output-file orchestration/airflow/requirements.txt

clean:
	rm -rf .venv .venv-airflow target logs dbt_packages .pytest_cache .mypy_cache .ruff_cache .hypothesis
