#!/usr/bin/env bash
# Installs the runtimes of `npm run test:runtimes`: those of package.json beside this file, from npm, and Debian's Chromium.
# Does nothing when they are there already. Without root Chromium is left out, and its rows say so.
set -euo pipefail
cd "$(dirname "$0")"

export npm_config_update_notifier=false
stamp=node_modules/.installed
if ! cmp -s package-lock.json "$stamp"; then
  echo 'runtimes: installing Node, Deno, Bun, workerd, edge-runtime and the bundlers from npm'
  npm ci --loglevel=error
  cp package-lock.json "$stamp"
fi

if [ -n "${CHROMIUM-}" ] || command -v chromium >/dev/null; then exit 0; fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo 'runtimes: Chromium is not installed; apt-get install chromium, or name one in CHROMIUM' >&2
  exit 0
fi
echo 'runtimes: installing chromium'
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -q -y --no-install-recommends chromium
