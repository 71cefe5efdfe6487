# Two commands do everything, set-up included: `make figures` and `make test`.
# Another interpreter: make test PYTHON=python3.12

PYTHON ?= python3
EXTRAS := notebooks,test,compare,distributed
RUN    := .venv/bin/python

# Small matrices: one thread a process is several times faster than a thread a core.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1

.PHONY: figures test lint notebooks lab bench bench-distributed venv

figures: venv  ## execute all notebooks and regenerate every figure
	$(RUN) -m utils.notebooks run

test: venv lint  ## unit tests, doctests, notebooks, figures
	$(RUN) -m pytest

lint: venv
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m codespell_lib .

notebooks: venv  ## execute all notebooks and store their outputs
	$(RUN) -m utils.notebooks refresh

lab: venv  ## open the notebooks in JupyterLab
	$(RUN) -m jupyterlab notebooks

bench: venv  ## speed and exactness against peers, into benchmarks/results/
	$(RUN) benchmarks/engine.py

bench-distributed: venv  ## 20 million points from disk to disk on two workers, into benchmarks/results/
	$(RUN) benchmarks/scaling_out.py

venv: .venv/installed

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(RUN) -m pip install -c constraints.txt -e '.[$(EXTRAS)]'
	touch $@
