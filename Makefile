# Every entry sets up what it needs: `make demo` and `make test` work on a fresh checkout.
# PYTHON picks the interpreter that makes the virtual environment (3.11 or newer).
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.setup-done
ARGS   ?=
# How much `make faults` does.
SEEDS    ?= 5000
KILLS    ?= 200
CALL_KILLS ?= 40
SPEND_KILLS ?= 40
FREEZES  ?= 52
RESTARTS ?= 20
STOPS    ?= 60
STORM    ?= 100000
FIGURES  := $(CURDIR)/build/reliability
SECONDS ?= 300

.PHONY: setup demo check test faults fuzz bench docs lock clean

# pip compiles what it copies, and an editable install copies nothing: where PYTHONDONTWRITEBYTECODE is set, every start of
# the program, and of the tests' own launcher, would compile all of it anew. A folder that cannot be written to costs that time
# and nothing else.
setup: $(STAMP)
	@$(BIN)/python -m compileall -qq leh_guardian tests/support tests/sim || true

# A half-made environment has no stamp and is made again. --clear so that a broken one never lingers.
$(STAMP): requirements/dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "leh-guardian needs Python 3.11 or newer; '$(PYTHON)' is older or missing. Try: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 2; }
	@$(PYTHON) -m venv --clear $(VENV) || \
	  { echo "could not make a virtual environment; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 2; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements/dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: setup
	$(BIN)/leh-guardian demo $(ARGS)

# What a reviewer would refuse by hand: style, types, import contracts, the shipped rules, the unit file and the image.
check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/leh-guardian rules check rules
	$(BIN)/leh-guardian handlers docs --check docs/handlers.md
	$(BIN)/python .ci/check_packaging.py

# All of them, the reliability part first, in lanes side by side (tests/lanes); with ARGS one pytest with these arguments.
test: setup
	$(BIN)/python -m tests.lanes $(ARGS)

# The long form of what `make test` does in small: simulated runs, kills, freezes, restarts, a storm, mutants. Writes docs/reliability.md.
# The page is written whatever was found; a broken promise fails the target.
faults: setup
	@rm -rf $(FIGURES)
	@failed=0; export GUARDIAN_FIGURES=$(FIGURES); \
	$(BIN)/python -m tests.sim --seeds $(SEEDS) || failed=1; \
	KILLS=$(KILLS) CALL_KILLS=$(CALL_KILLS) SPEND_KILLS=$(SPEND_KILLS) FREEZES=$(FREEZES) RESTARTS=$(RESTARTS) STOPS=$(STOPS) STORM=$(STORM) FAULTS_LONG=1 \
	  $(BIN)/python -m pytest tests/faults tests/contracts tests/hostile $(ARGS) || failed=1; \
	$(BIN)/python -m tests.mutants || failed=1; \
	$(BIN)/python -m tests.reliability $(FIGURES); \
	exit $$failed

# Mutated events and patterns, for SECONDS; `make test` has a short run of the same.
fuzz: setup
	$(BIN)/python -m tests.fuzz --seconds $(SECONDS) $(ARGS)

# The other engine is compared where it can be had: it has wheels for few Pythons.
bench: setup
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements/bench.lock || \
	  echo "the event-ruler wheel cannot be installed here: its column will be missing" >&2
	$(BIN)/python -m tests.benchmarks $(ARGS)

docs: setup
	$(BIN)/leh-guardian handlers docs --write docs/handlers.md
	$(BIN)/leh-guardian rules schema > rules/rule.schema.json
	$(BIN)/leh-guardian rules schema --cases > rules/case.schema.json
	$(BIN)/leh-guardian rules schema --signatures > rules/signature.schema.json
	$(BIN)/leh-guardian rules schema --oncall > rules/oncall.schema.json
	$(BIN)/leh-guardian rules schema --budget > rules/budget.schema.json
	$(BIN)/leh-guardian rules schema --uploads > rules/upload-signals.schema.json

# Resolves the newest allowed versions for every supported Python and platform; review the diff.
lock: setup
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links --extra local --group dev pyproject.toml -o requirements/dev.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links -c requirements/dev.lock pyproject.toml -o requirements/runtime.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links -c requirements/dev.lock requirements/build.in -o requirements/build.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links requirements/bench.in -o requirements/bench.lock

clean:
	rm -rf $(VENV) .demo .pytest_cache .mypy_cache .ruff_cache
