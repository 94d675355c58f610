# payonce. `make demo` and `make test` do all of their own set-up; `make help` lists the rest.
#
# What is generated: pkg/wasm (wasm-pack) -> pkg/dist (tsc) -> the packed tarball -> node_modules/payonce, which the page
# and the tests import as any storefront would -> www/dist (vite).

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

# The cargo tools of tools/setup.sh outlive the checkout.
export PAYONCE_TOOLS ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/payonce/tools
export PATH := $(PAYONCE_TOOLS)/bin:$(CURDIR)/node_modules/.bin:$(PATH):$(HOME)/.cargo/bin

# What is published does not tell where it was built, nor differ by it. Beside the flags of .cargo/config.toml.
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS := --remap-path-prefix=$(or $(CARGO_HOME),$(HOME)/.cargo)=/cargo

target := $(abspath $(or $(CARGO_TARGET_DIR),target))
# Of the profile that `cargo test` builds too: most of it is there by then. From nothing, release takes as long.
merchant := $(target)/debug/payonce-merchant
tarball := $(target)/npm/payonce.tgz

FUZZ_SECONDS ?= 60

files = $(shell find $(1) -type f -not -path '*/dist/*' 2>/dev/null)
crate := Cargo.toml Cargo.lock .cargo/config.toml rust-toolchain.toml $(call files,src)
package := pkg/package.json pkg/README.md LICENSE-MIT LICENSE-APACHE
wasm := $(foreach module,payonce one_time_code,pkg/wasm/$(module)_bg.wasm pkg/wasm/$(module)_inline.js)
page := $(filter-out www/merchant/% www/authorization/%,$(call files,www))
# Installed apart: React 18 beside the workspace's React 19, where each is the peer of what is installed with it; and what
# the benchmarks compare with.
apart := $(addsuffix /node_modules/.package-lock.json,tests/react-18 benches)
boundary := benches/boundary/wasm/payonce_boundary.js
typescript := pkg pkg/test tests/react-18 www www/authorization www/web-wallet/worker tests/e2e tests/crash tests/consumers docs/recipes tests/recipes benches tools

##@ The two commands

.PHONY: demo
demo: www/dist/index.html merchant ## build everything, start the demo shop, print its address
	@exec tools/demo.sh $(merchant) $(target)/demo.sqlite www/dist

.PHONY: test
test: ## every check and every test, stopping at the first failure
	@tools/test.sh "$(MAKE)" browsers fmt-check clippy doc test-rust test-wasm typecheck lint-ts test-unit test-recipes \
		test-benches size-check test-e2e test-durable crash test-webkit check-package test-consumers

##@ More

.PHONY: fmt lint size size-rooms pack bench crash fuzz coverage model mutants clean help
fmt: setup ## format Rust and TypeScript
	cargo fmt --all
	prettier --log-level warn --write .

lint: fmt-check clippy doc typecheck lint-ts ## formatting, clippy, rustdoc, types, eslint

size: pkg/dist/index.js ## what a shopper downloads, in bytes
	@node tools/size.mjs

size-rooms: setup ## where the bytes of the module are
	@wasm-pack --quiet build --profiling --no-opt --target web --no-pack --out-dir $(target)/rooms --out-name payonce \
		-- --no-default-features --features module,checkout
	@node tools/rooms.mjs $(target)/rooms/payonce_bg.wasm

pack: node_modules/payonce/package.json ## the npm tarball, unpacked into node_modules as well
	@echo $(tarball)

bench: ## payonce against what a storefront would use instead, a herd of its clients, and the merchant; RESULTS=FILE.json
	@tools/test.sh "$(MAKE)" bench-page bench-herd bench-merchant

crash: node_modules/payonce/package.json merchant browsers ## pages that die in the middle of payments: SEEDS=1000, or SEED=17 alone
	CHROMIUM="$$(tools/browser.sh chromium)" PAYONCE_MERCHANT=$(merchant) vite-node tests/crash/crash.ts

fuzz: ## look for input that breaks what must hold: FUZZ_SECONDS=60 for each kind of input; needs a nightly toolchain
	@tools/setup.sh fuzz
	cd fuzz && for target in cart answers journal events; do \
		mkdir -p found/$$target && cargo +nightly fuzz run $$target found/$$target corpus/$$target -- \
			-max_total_time=$(FUZZ_SECONDS) -max_len=4096 -verbosity=0 -print_final_stats=1; \
	done

coverage: setup ## which tests enter which cell of the transition table
	@rm -rf $(target)/coverage && mkdir -p $(target)/coverage
	PAYONCE_COVERAGE=$(target)/coverage cargo test --quiet --test table --test rules --test walk
	node tools/coverage.mjs $(target)/coverage

model: setup ## every order of events, up to bounds, in larger worlds than `make test` has time for: WORLD="two tabs" alone
	cargo run --quiet --profile model --package payonce-model -- "$(WORLD)"

# A test that fails is enough, whatever the case that it fails for: fewer cases, and none is made smaller. Half the time.
mutants: export PROPTEST_CASES := 48
mutants: export PROPTEST_MAX_SHRINK_ITERS := 0
mutants: setup ## break the core in every small way and see that a test notices: hours; FILE=src/checkout/paying.rs alone
	@tools/setup.sh mutants
	cargo mutants --package payonce --no-shuffle --output $(target) $(if $(FILE),--file $(FILE))

clean: ## remove everything generated in this checkout
	cargo clean --quiet
	rm -rf $(target)/npm $(target)/demo.sqlite* fuzz/target fuzz/found pkg/wasm pkg/dist www/dist tests/e2e/output \
		tests/react-18/node_modules benches/node_modules benches/boundary/wasm node_modules

help: ## this list
	@awk -F ':.*## ' '/^##@/ { print "\n" substr($$0, 5) } /^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

# The stages of `make test`

.PHONY: setup browser browsers fmt-check clippy doc test-rust test-wasm typecheck lint-ts test-unit test-recipes test-benches
.PHONY: size-check test-e2e test-durable test-webkit check-package test-consumers merchant
setup:
	@tools/setup.sh

browser:
	@tools/setup.sh browser

browsers:
	@tools/setup.sh browsers

fmt-check: setup
	cargo fmt --all --check
	prettier --log-level warn --check .

clippy: setup
	cargo clippy --quiet --workspace --all-targets -- -D warnings
	cargo clippy --quiet --package payonce --package payonce-boundary --lib --target wasm32-unknown-unknown -- -D warnings
	cargo clippy --quiet --package payonce --lib --target wasm32-unknown-unknown --features module -- -D warnings

doc: setup
	RUSTDOCFLAGS="-D warnings" cargo doc --quiet --workspace --no-deps

# Every cell of the transition table must have been entered by then.
test-rust: export PAYONCE_COVERAGE := $(target)/coverage
test-rust: setup
	@rm -rf $(target)/coverage && mkdir -p $(target)/coverage
	cargo test --quiet --workspace
	@node tools/coverage.mjs $(target)/coverage | tail -n 1

# With the browser that the end-to-end tests use, wherever that is.
test-wasm: export WASM_BINDGEN_TEST_WEBDRIVER_JSON := $(target)/webdriver.json
test-wasm: browser
	@mkdir -p $(target)
	@browser=$$(tools/browser.sh chromium); sed "s|\"args\"|\"binary\": \"$$browser\", &|" webdriver.json >$(target)/webdriver.json
	wasm-pack test --headless --chrome --chromedriver "$$(tools/browser.sh chromedriver)"

typecheck: node_modules/payonce/package.json $(apart) $(boundary)
	@for project in $(typescript); do echo "tsc -p $$project"; tsc --noEmit -p $$project; done

lint-ts: node_modules/payonce/package.json $(apart) $(boundary)
	eslint --max-warnings 0 .

test-unit: $(wasm) tests/react-18/node_modules/.package-lock.json
	vitest run --root pkg
	vitest run --config tests/react-18/vitest.config.ts
	node docs/cart-hash.mjs

test-recipes: node_modules/payonce/package.json
	vitest run --config tests/recipes/vitest.config.ts

# What is compared must do the same; how fast it is, no test says.
test-benches: node_modules/payonce/package.json $(apart) $(boundary)
	vite-node benches/main.ts -- --check

test-e2e: www/dist/index.html merchant browser
	CHROMIUM="$$(tools/browser.sh chromium)" PAYONCE_MERCHANT=$(merchant) \
		vitest run --config tests/e2e/vitest.config.ts

test-durable: node_modules/payonce/package.json merchant browsers
	CHROMIUM="$$(tools/browser.sh chromium)" FIREFOX="$$(tools/browser.sh firefox)" PAYONCE_MERCHANT=$(merchant) \
		vitest run --config tests/e2e/durable/vitest.config.ts

# WebKit is not to be had everywhere. The page needs a display, if only a made-up one.
test-webkit: node_modules/payonce/package.json merchant browsers
	@if driver=$$(tools/browser.sh webkitdriver); then \
		WEBKIT_DRIVER=$$driver PAYONCE_MERCHANT=$(merchant) \
			xvfb-run --auto-servernum vite-node tests/e2e/durable/webkit.ts; \
	else echo "skipped: the tests in WebKit, for the reason above"; fi

size-check: pkg/dist/index.js
	node tools/size.mjs --budget

# A .wasm file has no types: what importing it gives is the bundler's affair.
check-package: $(tarball)
	publint --strict $(tarball)
	attw --profile esm-only --exclude-entrypoints payonce_bg.wasm one_time_code_bg.wasm -f table-flipped $(tarball)

# Applications of their own, from their own registry: they want a network.
test-consumers: $(tarball) merchant browser
	CHROMIUM="$$(tools/browser.sh chromium)" PAYONCE_MERCHANT=$(merchant) PAYONCE_TARBALL=$(tarball) \
		vitest run --config tests/consumers/vitest.config.ts

merchant: setup
	cargo build --quiet --package payonce-merchant

# The parts of `make bench`: one at a time, or they would measure each other.

.PHONY: bench-page bench-herd bench-merchant
bench-page: node_modules/payonce/package.json $(apart) $(boundary) browser
	@CHROMIUM="$$(tools/browser.sh chromium)" vite-node benches/main.ts -- $(if $(RESULTS),--json $(RESULTS))

bench-herd: setup
	@cargo bench --quiet --bench herd

bench-merchant: setup
	@cargo bench --quiet --profile merchant --package payonce-merchant --bench load

# What is generated

$(apart): %/node_modules/.package-lock.json: %/package.json %/package-lock.json %/.npmrc | setup
	npm ci --silent --prefix $*
	@touch $@

# A module for the checkout and one for one-time codes: the same crate, with the feature of that name. Each is built in a
# directory of its own, because wasm-pack optimises, and touches, every module that it finds beside its own.
pkg/wasm/payonce_bg.wasm: feature := checkout
pkg/wasm/one_time_code_bg.wasm: feature := one-time-code
pkg/wasm/%_bg.wasm: $(crate) | setup
	wasm-pack --quiet build --release --target web --no-pack --no-gitignore --out-dir $(target)/modules/$* --out-name $* \
		-- --no-default-features --features module,$(feature)
	@mkdir -p $(@D) && cp $(target)/modules/$*/* $(@D)

$(boundary): Cargo.toml Cargo.lock .cargo/config.toml rust-toolchain.toml benches/boundary/Cargo.toml $(call files,benches/boundary/src) | setup
	wasm-pack --quiet build benches/boundary --release --target web --no-pack --no-gitignore --out-dir wasm
	@touch $@

pkg/wasm/%_inline.js: pkg/wasm/%_bg.wasm tools/inline.mjs
	node tools/inline.mjs $< $@

pkg/dist/index.js: $(wasm) pkg/tsconfig.json $(call files,pkg/src) | setup
	rm -rf pkg/dist
	tsc -p pkg
	@touch $@

# Staged, so that the licences, which npm does not follow out of the package's directory, go along.
$(tarball): pkg/dist/index.js $(package) | setup
	@rm -rf $(target)/npm && mkdir -p $(target)/npm/package
	@cp -R $(package) pkg/dist pkg/wasm $(target)/npm/package
	cd $(target)/npm/package && npm pack --silent --pack-destination .. >/dev/null
	@mv $(target)/npm/payonce-*.tgz $@

node_modules/payonce/package.json: $(tarball)
	@rm -rf $(@D) && mkdir -p $(@D)
	tar -xzmf $(tarball) --strip-components=1 -C $(@D)

www/dist/index.html: node_modules/payonce/package.json $(page) | setup
	vite build www --logLevel warn
	@touch $@
