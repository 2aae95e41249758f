#!/bin/sh
# Installs what test:wine needs on Debian or Ubuntu, as root. Does nothing when it is there already.
#   test/wine/install.sh            installs what is missing
#   test/wine/install.sh --check    only says what is missing, and fails when something is
set -eu

# Wine's NTLM is Samba's ntlm_auth with a winbindd behind it; its Kerberos is MIT's libgssapi. clang lays out structures for arm64, which
# mingw-w64 has no gcc for.
packages='
  wine64 libgssapi-krb5-2 libkrb5-3
  samba samba-ad-dc samba-ad-provision samba-dsdb-modules samba-vfs-modules python3-samba winbind
  gcc-mingw-w64-x86-64 gcc-mingw-w64-i686 clang-14
'

missing=''
for package in $packages; do
  state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$state" = installed ] || missing="$missing $package"
done
if [ -z "$missing" ]; then
  echo 'test:wine: all installed'
  exit 0
fi
if [ "${1-}" = --check ]; then
  echo "test:wine: missing$missing" >&2
  exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "test:wine: root is needed to install$missing" >&2
  exit 1
fi

# The packages would start Samba as a service of this machine; the tests start their own.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 1' HUP INT TERM
  printf '#!/bin/sh\nexit 101\n' > "$policy"
  chmod 755 "$policy"
fi

export DEBIAN_FRONTEND=noninteractive
echo "test:wine: installing$missing"
apt-get update -q
# shellcheck disable=SC2086 # a list of words
apt-get install -q -y --no-install-recommends $missing
