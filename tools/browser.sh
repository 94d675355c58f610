#!/usr/bin/env bash
# Prints the path of the browser, or of the WebDriver server that fits it.
#
#   tools/browser.sh chromium      $CHROMIUM if set, else the first Chromium or Chrome on PATH
#   tools/browser.sh chromedriver  $CHROMEDRIVER if set, else chromedriver on PATH; of the browser's major version
#   tools/browser.sh firefox       $FIREFOX if set, else the first Firefox on PATH
#   tools/browser.sh xdotool       xdotool on PATH, which presses keys on a display; with Xvfb to have one
#   tools/browser.sh webkitdriver  $WEBKIT_DRIVER if set, else WebKitWebDriver on PATH; with xvfb-run to show it to
#
# Exit 1, with one line on stderr, where there is none.
set -euo pipefail

missing() {
    echo "payonce: $1" >&2
    exit 1
}

# Debian's launcher writes warnings of its own to stderr.
major_version() { "$1" --version 2>/dev/null | grep --only-matching --extended-regexp --max-count=1 '[0-9]+' | head -n 1; }

find_browser() {
    if [[ -n "${CHROMIUM:-}" ]]; then
        type -P "$CHROMIUM" || missing "CHROMIUM=$CHROMIUM is not an executable file"
        return
    fi
    type -P chromium || type -P google-chrome || type -P google-chrome-stable || type -P chromium-browser ||
        missing "no browser: install chromium, or set CHROMIUM to the path of a Chromium or Chrome"
}

find_driver() {
    local browser driver browser_version driver_version
    browser=$(find_browser)
    driver=$(type -P "${CHROMEDRIVER:-chromedriver}") ||
        missing "no chromedriver: install chromium-driver, or set CHROMEDRIVER to its path"
    browser_version=$(major_version "$browser") || missing "$browser --version does not work"
    driver_version=$(major_version "$driver") || missing "$driver --version does not work"
    [[ "$browser_version" == "$driver_version" ]] ||
        missing "$driver ($driver_version) does not fit $browser ($browser_version): set CHROMIUM and CHROMEDRIVER to a pair"
    echo "$driver"
}

find_firefox() {
    if [[ -n "${FIREFOX:-}" ]]; then
        type -P "$FIREFOX" || missing "FIREFOX=$FIREFOX is not an executable file"
        return
    fi
    type -P firefox-esr || type -P firefox || missing "no Firefox: install firefox, or set FIREFOX to its path"
}

find_xdotool() {
    type -P Xvfb >/dev/null || missing "no Xvfb: install xvfb"
    type -P xdotool || missing "no xdotool: install it"
}

find_webkit_driver() {
    type -P xvfb-run >/dev/null || missing "no xvfb-run: install xvfb and xauth"
    type -P "${WEBKIT_DRIVER:-WebKitWebDriver}" ||
        missing "no WebKitWebDriver: install webkit2gtk-driver, or set WEBKIT_DRIVER to its path"
}

case "${1:-}" in
    chromium) find_browser ;;
    chromedriver) find_driver ;;
    firefox) find_firefox ;;
    xdotool) find_xdotool ;;
    webkitdriver) find_webkit_driver ;;
    *) missing "usage: tools/browser.sh chromium|chromedriver|firefox|xdotool|webkitdriver" ;;
esac
