#!/usr/bin/env bash
# Installs what the tests of the HTML report in a browser need, on Debian; quick where all is there.
set -euo pipefail
cd "$(dirname "$0")"

missing=()
for package in chromium chromium-driver python3-selenium poppler-utils nodejs npm; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
# Node from elsewhere does as well.
if command -v npm >/dev/null; then
    missing=("${missing[@]/#nodejs/}")
    missing=("${missing[@]/#npm/}")
fi
if python3 -c 'import selenium' 2>/dev/null; then missing=("${missing[@]/#python3-selenium/}"); fi
read -ra missing <<<"${missing[*]}"
if [ ${#missing[@]} -gt 0 ]; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -qq -y --no-install-recommends "${missing[@]}"
fi
[ -d node_modules/axe-core ] || npm ci --silent
