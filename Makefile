# The commands of this course. Each does its own set-up; `make help` lists them.
.DEFAULT_GOAL := help
.PHONY: help book test lab serve sync release grade formgrader bench clean set-up

# Which Python makes .venv: the first suitable one, or the one given as `make PYTHON=...`.
ANY_PYTHON := $(or $(PYTHON),$(firstword $(foreach name,python3 python3.13 python3.12 python3.11 python,$(shell command -v $(name) 2>/dev/null))))
VENV_PYTHON := .venv/bin/python

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

book: set-up ## Execute what changed and build the book into _build/html (SOLUTIONS=0 for one without solutions)
	@$(VENV_PYTHON) tools/book.py $(if $(SOLUTIONS),--solutions $(SOLUTIONS))

# LONG=0 leaves out cells tagged `long` (long trainings of chapters 8 and 14), where time is limited.
# Chapters first, in the order given: a long one that begins last would keep one process waiting for the other.
test: set-up ## Run every test: style, aelib, pairs, tools, book, sheets, all chapters on the complete data (LONG=0 for less)
	@echo "[1/3] Style: ruff check"
	@$(VENV_PYTHON) -m ruff check .
	@echo "[2/3] Style: ruff format (mend with: $(VENV_PYTHON) -m ruff format .)"
	@$(VENV_PYTHON) -m ruff format --check .
	@echo "[3/3] pytest, two files at a time: every chapter, cell by cell, on the complete data; aelib, book, pairs, tools, sheets"
	@$(VENV_PYTHON) -m pytest -n 2 --dist loadfile --no-loadscope-reorder --nbval-lax --nbval-cell-timeout=1800 \
		$(if $(filter 0,$(LONG)),--skip-long) chapters tests

lab: set-up ## Open JupyterLab on chapters/; saving one half of a pair writes the other
	@$(VENV_PYTHON) tools/chapters.py align
	@JUPYTER_CONFIG_PATH="$(CURDIR)/tools/jupyter_config$${JUPYTER_CONFIG_PATH:+:$$JUPYTER_CONFIG_PATH}" \
		$(VENV_PYTHON) -m jupyter lab --LabApp.default_url=/lab/tree/chapters

serve: set-up ## Build the book and serve it at http://127.0.0.1:8000, or at the next free port
	@$(VENV_PYTHON) tools/book.py serve $(if $(SOLUTIONS),--solutions $(SOLUTIONS))

sync: set-up ## Bring both halves of each pair into step, re-execute what changed (CHAPTER=03 or SHEET=03 for one)
	@$(VENV_PYTHON) tools/chapters.py sync $(CHAPTER) $(if $(SHEET),--sheet $(SHEET)) $(if $(KEEP),--keep $(KEEP))

release: set-up ## Write the student version of each exercise sheet, and a zip of it, into _build/release (SHEET=03 for one)
	@$(VENV_PYTHON) tools/sheets.py release $(SHEET)

grade: set-up ## Grade what a class handed in (SUBMISSIONS=folder; SHEET=03, GRADING=folder, ISOLATION=none) into grading/
	@$(VENV_PYTHON) tools/grade.py $(if $(SUBMISSIONS),"$(SUBMISSIONS)") $(if $(SHEET),--sheet $(SHEET)) \
		$(if $(GRADING),--grading "$(GRADING)") $(if $(ISOLATION),--isolation $(ISOLATION))

formgrader: set-up ## Mark open questions by hand in nbgrader's Formgrader; `make grade` then writes the marks again
	@test -f "$(or $(GRADING),grading)/gradebook.db" || { echo "ERROR: there is no gradebook in $(or $(GRADING),grading)/ yet. Grade first: make grade SUBMISSIONS=folder" >&2; exit 1; }
	@cd "$(or $(GRADING),grading)" && AELIB_GRADING="$$PWD" JUPYTER_CONFIG_PATH="$(CURDIR)/exercises" \
		"$(CURDIR)/$(VENV_PYTHON)" -m jupyter lab --LabApp.default_url=/formgrader/gradebook

bench: set-up ## Measure training, each chapter's time and memory, and the explorers; rewrites running_times.md
	@$(VENV_PYTHON) benchmarks/run.py

clean: ## Remove everything that was built, except .venv (and never grading/)
	rm -rf _build exercises/pages .pytest_cache .ruff_cache .hypothesis aelib.egg-info
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

set-up:
	@test -n "$(ANY_PYTHON)" || { echo "ERROR: Python 3.11 to 3.13 is needed, and none was found. Install one, or name it: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@AELIB_SETUP_PYTHON="$(PYTHON)" "$(ANY_PYTHON)" -S tools/setup_environment.py
