# Each target is a thin call into scripts/; `make help` lists them.
# PORT=…, ARGS=… and TRACKING_URI=… on make's command line reach the scripts as environment variables.
.PHONY: help run build demo test lint bench e2e image clean

help: ## this list
	@sed -nE 's/^([a-z0-9]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 16

run: ## build what is out of date and serve it at http://localhost:5000 (PORT=…, ARGS=…)
	@scripts/run.sh

build: ## the release binary with the web UI inside
	@scripts/setup.sh build && scripts/build.sh

demo: ## train, log, register, stage and load models on a running server (TRACKING_URI=…)
	@scripts/demo.sh

test: ## every test, with PostgreSQL and MinIO started for it (PARTS="rust client")
	@scripts/test.sh $(PARTS)

lint: ## formatting, clippy for the server and for WebAssembly, shell scripts, docker-compose.yml
	@scripts/lint.sh

bench: ## speed and memory beside mlflow server, the database and the disk (ARGS="--scale full")
	@scripts/bench.sh $(ARGS)

e2e: ## the tests of the built binary only: the Python client and the browser
	@scripts/test.sh build client browser

image: ## the container image of docker-compose.yml
	@docker build --tag ferroflow .

clean: ## forget what was built (tools stay in the cache, data stays in ./data)
	@rm -rf target
