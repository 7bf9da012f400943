# Thin: each target calls the commands that the README shows, after setting up what they need.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed

.PHONY: demo test test-system-redis lint install lock clean

demo: install
	$(BIN)/stuck-jobs demo

test: install
	$(BIN)/pytest --numprocesses 2 --dist loadfile

# The same tests of the queue on the machine's own redis-server, such as Debian's 7.0.
test-system-redis: install
	STUCK_JOBS_REDIS_BIN="$$(command -v redis-server)" $(BIN)/pytest tests/python/test_collect.py tests/python/test_queue_causes.py

lint: install
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/stuck-jobs sandbox -- $(BIN)/sqlfluff lint models tests/singular analyses

install: $(INSTALLED)

$(INSTALLED): requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $(INSTALLED)

# Takes the newest versions that pyproject.toml allows.
lock:
	$(PYTHON) -m pip install --quiet uv
	$(PYTHON) -m uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
		--no-annotate --no-emit-index-url --upgrade --output-file requirements.lock

clean:
	rm -rf .venv target logs dbt_packages .pytest_cache .mypy_cache .ruff_cache .hypothesis
