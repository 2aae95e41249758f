#!/bin/sh
# Installs the peers of the interop tests on Debian or Ubuntu, as root. Does nothing when they are there already.
#   test/interop/install.sh            installs what is missing
#   test/interop/install.sh --check    only says what is missing, and fails when something is
set -eu

packages='
  python3-gssapi gss-ntlmssp
  apache2 libapache2-mod-auth-gssapi openssl
  curl
  krb5-kdc krb5-admin-server krb5-user krb5-k5tls sssd-kcm
  samba samba-ad-dc samba-ad-provision samba-dsdb-modules samba-vfs-modules python3-samba winbind
  smbclient ldap-utils libsasl2-modules-gssapi-mit
  python3-venv
'

missing=''
for package in $packages; do
  state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$state" = installed ] || missing="$missing $package"
done
# pyspnego is no Debian package; it goes into an environment of its own, and its absence is only a skip.
install_pyspnego() {
  python="$(dirname "$0")/.python"
  if "$python/bin/python" -c 'import spnego' 2>/dev/null; then return; fi
  if ! { /usr/bin/python3 -m venv "$python" && "$python/bin/pip" install -q --no-input pyspnego==0.12.4; }; then
    rm -rf "$python"
    echo 'interop peers: pyspnego could not be installed; its tests will be skipped' >&2
  fi
}

if [ -z "$missing" ]; then
  [ "${1-}" = --check ] || install_pyspnego
  echo 'interop peers: all installed'
  exit 0
fi
if [ "${1-}" = --check ]; then
  echo "interop peers: missing$missing" >&2
  exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "interop peers: root is needed to install$missing" >&2
  exit 1
fi

# The packages would start Apache and Samba as services of this machine; the tests start their own.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 1' HUP INT TERM
  printf '#!/bin/sh\nexit 101\n' > "$policy"
  chmod 755 "$policy"
fi

export DEBIAN_FRONTEND=noninteractive
echo "interop peers: installing$missing"
apt-get update -q
# shellcheck disable=SC2086 # a list of words
apt-get install -q -y --no-install-recommends $missing
install_pyspnego
