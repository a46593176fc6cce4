#!/usr/bin/env bash
# SPDX-License-Identifier: ISC
# Headless Chromium reads the whole site from app/www over tap.

. "$(dirname "$0")/lib.sh"
export FATA_NPM=$PWD/$O/npm
has chromium || { echo "1..0 # SKIP chromium is not installed"; exit 0; }
[ -d "$FATA_NPM/node_modules/playwright-core" ] || {
    echo "1..0 # SKIP playwright-core is not installed: make npm"
    exit 0
}
tap_up
build_image www app/www
start www "$image" --net=tap:tap0 --ipv4=10.9.0.2/24
until_true 10 curl -sf http://10.9.0.2/
mkdir -p "$O/screenshot"
ok "Chromium shows every page of the site without an error" \
    node test/e2e/browser.mjs http://10.9.0.2/ "$O/screenshot/www.png"
stop www
finish
