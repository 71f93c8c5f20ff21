# make run [PHOTOS=folder]   score a folder (default: the sample photos) and print a table
# make test                  the whole test suite
# Each sets up a virtual environment of its own in .venv first; nothing else is touched.

PYTHON ?= python3
PHOTOS ?= samples
VENV   := .venv
BIN    := $(VENV)/bin

.PHONY: run test lint format bench soak docs texts clean

run: $(VENV)/.run
	@$(BIN)/realqa score "$(PHOTOS)"; status=$$?; [ $$status -le 1 ]

# The agent under test takes a back seat; the tests beside it must not leave it standing. They wait a fifth of their time,
# so there are three for two cores; all of a file's go to one process, since they share what takes long to make.
WORKERS ?= $(shell expr $$(nproc) '*' 3 / 2)
test: $(VENV)/.dev
	nice -n 10 ionice -c 3 $(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@if command -v luacheck >/dev/null; then luacheck --quiet plugins tests; \
	  else echo "luacheck is not installed (apt install lua-check): the Lua code is not checked"; fi
	@if command -v stylua >/dev/null; then stylua --check plugins tests; fi

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.run
	$(BIN)/python benchmarks/throughput.py
	$(BIN)/python benchmarks/raw_preview.py
	$(BIN)/python benchmarks/scan.py
	$(BIN)/python benchmarks/scoring.py
	$(BIN)/python benchmarks/sidecars.py

# About half an hour.
soak: $(VENV)/.dev
	$(BIN)/python benchmarks/soak.py --minutes 2
	$(BIN)/python benchmarks/idle.py --minutes 12

docs: $(VENV)/.dev
	$(BIN)/python docs/generate.py

# What translators of the darktable plugin start from.
POT ?= $(CURDIR)/plugins/darktable/locale/realqa.pot
texts:
	cd plugins/darktable && xgettext --language=Lua --from-code=UTF-8 --keyword=_ --keyword=ngettext:1,2 \
	  --add-location=file --package-name=realqa --output="$(POT)" realqa.lua $$(ls lib/*.lua)
	sed -i -e '/^"POT-Creation-Date/d' -e '/^#\( \|$$\)/d' "$(POT)"

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache

# Debian splits venv off python3: as root it is fetched, otherwise the command to type is named.
$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; say which with make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -y --no-install-recommends python3-venv; } \
	  || { echo "first: sudo apt install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(BIN)/pip pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	@touch $@

# pip learned --group in 25.1; Debian 12 ships 23.
$(VENV)/.dev: $(VENV)/.run
	$(BIN)/pip install --quiet --disable-pip-version-check 'pip>=25.1'
	$(BIN)/pip install --quiet --disable-pip-version-check --group dev
	@touch $@
