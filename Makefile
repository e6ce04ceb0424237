# Every task of the project. `make` alone lists them.

CARGO   ?= cargo
SPEC    := specs/qingstor/2016-01-06/api_v2.0.json
OVERLAY := specs/qingstor/overlay.json
CODEGEN := $(CARGO) run --quiet --release --package qingstor-codegen --
INPUT   := --file $(SPEC) --overlay $(OVERLAY)

# What is rendered from the specification: a pack of templates and the folder it writes to.
PACKS := rust=sdk/src/generated emulator=tests/emulator/src/generated readme=.

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: generate ## Regenerate the SDK from the specification and run the walkthrough
	$(CARGO) run --quiet --package qingstor-sdk --example walkthrough

.PHONY: generate
generate: ## Render everything that comes from specs/ and templates/
	@set -e; for pack in $(PACKS); do \
	  $(CODEGEN) generate $(INPUT) --template templates/$${pack%%=*} --output $${pack#*=}; \
	done

.PHONY: check
check: ## Fail if a rendered file differs from what specs/ and templates/ give
	@set -e; for pack in $(PACKS); do \
	  $(CODEGEN) check $(INPUT) --template templates/$${pack%%=*} --output $${pack#*=}; \
	done

.PHONY: lint
lint: ## Say what is wrong with the specification
	@$(CODEGEN) lint $(INPUT)

.PHONY: test
test: format-check clippy lint check unit features docs ## All that the continuous integration runs

.PHONY: format
format: ## Format the code
	$(CARGO) fmt --all

.PHONY: format-check
format-check:
	$(CARGO) fmt --all --check

.PHONY: clippy
clippy:
	$(CARGO) clippy --workspace --all-targets --quiet -- -D warnings

.PHONY: unit
unit: ## Unit, wire, specification-change and doc tests
	$(CARGO) test --workspace --quiet
	$(CARGO) test --package qingstor-sdk --features blocking,reqwest-client,serde --test blocking --test serde --test tls --quiet

.PHONY: examples
examples: ## Run each example of the SDK; each checks its own result
	$(CARGO) build --package qingstor-sdk --features blocking --examples --quiet
	$(CARGO) test --package qingstor-sdk --features blocking --test examples --quiet

.PHONY: features
features: ## Build the SDK with each of its features alone, and with none
	@set -e; for features in "" rustls tracing config-file reqwest-client serde blocking $$(pkg-config --exists openssl 2>/dev/null && echo native-tls); do \
	  echo "features: [$$features]"; \
	  $(CARGO) check --quiet --package qingstor-sdk --no-default-features --features "$$features"; \
	done

.PHONY: docs
docs: ## Build the documentation; a warning is an error
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --quiet

.PHONY: bench
bench: ## Measure: signing, listings, small calls, transfers, the generator, the emulator
	$(CARGO) bench --package qingstor-sdk --package qingstor-codegen --package qingstor-emulator

.PHONY: emulator
emulator: ## Run a QingStor on this machine, on port 9000
	$(CARGO) run --quiet --release --package qingstor-emulator -- --listen 127.0.0.1:9000 --data-dir target/emulator
