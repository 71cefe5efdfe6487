# Two commands do everything, set-up included: `make figures` and `make test`.
# Another interpreter: make test PYTHON=python3.12

PYTHON ?= python3
EXTRAS := categorical,notebooks,test,compare,distributed,site,browser,teach
RUN    := .venv/bin/python

# Small matrices: one thread a process is several times faster than a thread a core.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1

.PHONY: figures test test-machines lint notebooks bench bench-kernel bench-rules bench-distributed experiments train
.PHONY: report lab site test-browser course slides venv

figures: venv  ## execute all notebooks and regenerate every figure
	$(RUN) -m utils.notebooks run

test: venv lint  ## unit tests, doctests, notebooks, figures
	$(RUN) -m pytest

test-machines: venv  ## the notebooks on emulated processors, with two threads, in another order
	$(RUN) -m utils.machines

lint: venv
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m codespell_lib .

notebooks: venv  ## execute all notebooks and store their outputs
	$(RUN) -m utils.notebooks refresh

bench-kernel: venv  ## time and memory of explanations of kernel k-means
	$(RUN) benchmarks/kernel.py

bench-rules: venv  ## the three rules of kernel k-means, measured: ten minutes
	$(RUN) benchmarks/kernel_rules.py

experiments: venv  ## measure faithfulness in full: ten minutes, goes on where it stopped
	$(RUN) -m utils.evaluation.experiments

train: venv  ## train the encoders of the digits again; nothing else does
	$(RUN) -m utils.data.encoders

report: venv  ## explain a table: make report DATA=my.csv K=4 ARGS="--label class"
	.venv/bin/neon-report "$(DATA)" $(if $(K),--clusters $(K)) $(ARGS)

course: venv slides  ## student notebooks, and into build/course/ solutions, assignments and slides
	$(RUN) -m utils.course.release

slides: venv  ## make the slides of the two lectures, in build/course/slides/
	$(RUN) -m utils.course.slides

lab: venv  ## open the notebooks in JupyterLab
	$(RUN) -m jupyterlab --ServerApp.root_dir=. --LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb

bench: venv  ## speed and exactness against peers, into benchmarks/results/
	$(RUN) benchmarks/engine.py
	$(RUN) benchmarks/additive.py

bench-distributed: venv  ## 20 million points from disk to disk on two workers, into benchmarks/results/
	$(RUN) benchmarks/scaling_out.py

site: venv  ## the pages and notebooks as a site, into build/site/; warnings are errors
	$(RUN) -m sphinx -q -W --keep-going -c docs -d build/doctrees . build/site

test-browser: site  ## the site and JupyterLab in a real browser: Chromium or Chrome must be there
	$(RUN) -m pytest tests/browser --dist worksteal

venv: .venv/installed

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(RUN) -m pip install -c constraints.txt -e '.[$(EXTRAS)]'
	touch $@
