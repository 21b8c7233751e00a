# The few commands that a person needs. Each does its own set-up; everything it builds lands in target/.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.PHONY: help demo test faults lint bench setup

help: ## what there is
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

demo: setup ## a simulated world through the whole pipeline, each alert as it is raised
	cargo run --release --locked -p headwater -- demo --once

# One build for everything: --bins beside --tests, because the tests run the real binary as a process; with TLS, because
# they reach Kafka by it, and with faults, because they plant some. The published tables that some tests read are no part of this project.
test: setup ## everything that CI tests, a real Kafka included
	features=(--features headwater/faults,headwater/tls,headwater-tests/tls)
	if [ -n "$${HEADWATER_SHARED:-}" ]; then
		features+=(--features headwater-tests/shared-data)
	else
		echo "test: HEADWATER_SHARED is not set: the tests on published tables are left out" >&2
	fi
	cargo build --workspace --locked --bins --tests "$${features[@]}"
	cargo test --workspace --locked --no-fail-fast "$${features[@]}"

faults: setup ## a quarter of an hour of kills, dying stores and wrong clocks, by a new seed; FAULTS="SECONDS SEED" for others
	set -- $(or $(FAULTS),900 $$RANDOM)
	echo "faults: HEADWATER_FAULT_SECONDS=$$1 HEADWATER_FAULT_SEED=$$2"
	export HEADWATER_FAULT_SECONDS=$$1 HEADWATER_FAULT_SEED=$$2
	features=(--features headwater/faults,headwater/tls,headwater-tests/tls)
	cargo build --workspace --locked --bins --tests "$${features[@]}"
	cargo test -p headwater -p headwater-tests --locked "$${features[@]}" --test faults -- --nocapture

lint: ## format, clippy, licences
	cargo fmt --check
	cargo clippy --workspace --all-targets --locked --features headwater/faults,headwater/tls,headwater-tests/tls,headwater-tests/shared-data -- -D warnings
	if cargo deny --version >/dev/null 2>&1; then
		cargo deny --offline check licenses bans sources
	else
		echo "lint: cargo-deny is not installed: its licence and source rules are held by tests/tests/architecture.rs alone" >&2
	fi

bench: setup ## events per second and core, stage by stage
	cargo bench --workspace --locked

setup: ## system packages that are missing
	@scripts/setup
