#!/usr/bin/env bash
# Brings a fresh machine (rustup's stable toolchain, a C compiler, Node with npm) to where everything builds. Safe to run
# again at any time: what is there is left alone, and a run that finds nothing to do takes less than a second and prints
# nothing.
#
#   tools/setup.sh [browser|browsers]   with Chromium, or with all browsers, for the tests
#   tools/setup.sh fuzz|mutants         with what the fuzzer, or mutation testing, needs
#
# The cargo tools go to a cache outside the checkout, so that a second clone is quick. The Makefile says where and puts
# it on PATH.
#
#   PAYONCE_TOOLS  where the cargo tools are kept
#   CHROMIUM, CHROMEDRIVER, FIREFOX, WEBKIT_DRIVER  browsers of your own, see tools/browser.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

: "${PAYONCE_TOOLS:?run this by make}"
readonly wasm_pack_version=0.15.1

say() { echo "payonce: $*" >&2; }
fail() {
    say "$@"
    exit 1
}

# Runs a command whose output matters only when it fails.
#   quietly WHAT COMMAND...
quietly() {
    local what=$1 log=$PAYONCE_TOOLS/setup.$$.log started=$SECONDS
    shift
    say "$what ..."
    if ! "$@" >"$log" 2>&1; then
        tail -n 40 "$log" >&2
        rm -f "$log"
        fail "failed: $what"
    fi
    rm -f "$log"
    say "$what: done in $((SECONDS - started)) s"
}

mkdir -p "$PAYONCE_TOOLS" || fail "cannot write to $PAYONCE_TOOLS: set PAYONCE_TOOLS to a directory of yours"

# Two makes at once, in two checkouts even, must not install the same thing.
if command -v flock >/dev/null; then
    exec 9>"$PAYONCE_TOOLS/.lock"
    flock --nonblock 9 || { say "waiting for another setup to finish" && flock 9; }
fi

# Rust
command -v cargo >/dev/null || fail "cargo is missing: install Rust from https://rustup.rs"
for component in clippy rustfmt; do
    if ! command -v "cargo-${component/rustfmt/fmt}" >/dev/null || ! cargo "${component/rustfmt/fmt}" --version >/dev/null 2>&1; then
        command -v rustup >/dev/null || fail "$component is missing, and there is no rustup to install it"
        quietly "installing $component" rustup component add "$component"
    fi
done
if [[ ! -d "$(rustc --print target-libdir --target wasm32-unknown-unknown)" ]]; then
    command -v rustup >/dev/null || fail "Rust's wasm32-unknown-unknown target is missing, and there is no rustup to install it"
    quietly "installing Rust's wasm32-unknown-unknown target" rustup target add wasm32-unknown-unknown
fi

# Rust links with it, and the merchant's SQLite is written in C.
compiler=${CC:-cc}
if ! command -v "${compiler%% *}" >/dev/null && [[ $EUID -eq 0 ]] && command -v apt-get >/dev/null; then
    quietly "installing a C compiler" \
        sh -c 'apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends gcc libc6-dev'
fi
command -v "${compiler%% *}" >/dev/null || fail "a C compiler is missing: install gcc or clang, or set CC to one"

# The wasm-bindgen tool must be of exactly the version that the crate is pinned to.
wasm_bindgen_version=$(sed -nE 's/^wasm-bindgen = .*"=([0-9.]+)".*$/\1/p' Cargo.toml)
[[ -n "$wasm_bindgen_version" ]] || fail 'Cargo.toml pins no version of wasm-bindgen: "=x.y.z"'
if [[ "$(wasm-bindgen --version 2>/dev/null)" != "wasm-bindgen $wasm_bindgen_version" ]] ||
    ! command -v wasm-bindgen-test-runner >/dev/null; then
    quietly "building wasm-bindgen $wasm_bindgen_version (some minutes, once a machine)" \
        cargo install --root "$PAYONCE_TOOLS" --force wasm-bindgen-cli --version "$wasm_bindgen_version"
fi

# Any wasm-pack from this version on will do.
found=$(wasm-pack --version 2>/dev/null | cut -d ' ' -f 2 || true)
if ! printf '%s\n' "$wasm_pack_version" "${found:-0}" | sort --check=quiet --version-sort; then
    quietly "building wasm-pack $wasm_pack_version (some minutes, once a machine)" \
        cargo install --root "$PAYONCE_TOOLS" --force --locked wasm-pack --version "$wasm_pack_version"
fi

# The fuzzer's sanitizers are for nightly toolchains alone.
if [[ "${1:-}" == fuzz ]]; then
    if ! cargo +nightly --version >/dev/null 2>&1; then
        command -v rustup >/dev/null || fail "a nightly toolchain is missing, and there is no rustup to install it"
        quietly "installing a nightly toolchain" rustup toolchain install nightly --profile minimal
    fi
    command -v cargo-fuzz >/dev/null ||
        quietly "building cargo-fuzz (about a minute, once a machine)" \
            cargo install --root "$PAYONCE_TOOLS" --locked cargo-fuzz
    exit 0
fi

if [[ "${1:-}" == mutants ]]; then
    command -v cargo-mutants >/dev/null ||
        quietly "building cargo-mutants (some minutes, once a machine)" \
            cargo install --root "$PAYONCE_TOOLS" --locked cargo-mutants
    exit 0
fi

# Node
command -v node >/dev/null || fail "Node is missing: install Node 20.19 or newer"
command -v npm >/dev/null || fail "npm is missing: install npm 10 or newer"
printf '%s\n' v20.19.0 "$(node --version)" | sort --check=quiet --version-sort ||
    fail "Node $(node --version) is too old: install Node 20.19 or newer"
# package.json swaps Rollup for its WebAssembly build: every package is then the same on every platform, except esbuild.
# The stamp lies inside node_modules, so that it goes when they go. package.json counts too: `npm ci` compares the two.
stamp=node_modules/.payonce-setup
wanted=$(cat package.json package-lock.json .npmrc | cksum)
if [[ "$(cat $stamp 2>/dev/null)" != "$wanted" ]]; then
    quietly "installing the npm packages" npm ci
    echo "$wanted" >$stamp
fi

# The browsers: only tests drive them.
[[ -n "${1:-}" ]] || exit 0

# Installs what tools/browser.sh does not find, where we may: the first that apt knows of PACKAGES separated by |.
#   install WHAT PACKAGES...
install() {
    tools/browser.sh "$1" >/dev/null 2>&1 && return
    [[ $EUID -eq 0 ]] && command -v apt-get >/dev/null || return 0
    export DEBIAN_FRONTEND=noninteractive
    [[ -n "${fetched:-}" ]] || quietly "fetching apt's package lists" apt-get update
    fetched=yes
    local choice package packages=()
    for choice in "${@:2}"; do
        for package in ${choice//|/ }; do
            apt-cache show "$package" >/dev/null 2>&1 && break
        done
        packages+=("$package")
    done
    quietly "installing ${packages[*]}" apt-get install --yes --no-install-recommends "${packages[@]}"
}

[[ -n "${CHROMIUM:-}${CHROMEDRIVER:-}" ]] || install chromedriver chromium chromium-driver chromium-sandbox
tools/browser.sh chromedriver >/dev/null
[[ "$1" == browsers ]] || exit 0

[[ -n "${FIREFOX:-}" ]] || install firefox 'firefox-esr|firefox'
tools/browser.sh firefox >/dev/null
# These may be missing: the tests that want them say so then.
install xdotool xvfb xdotool
install webkitdriver webkit2gtk-driver xvfb xauth
