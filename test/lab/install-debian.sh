#!/bin/sh
# Installs what the lab needs on Debian 12 or 13, and the packages named as
# arguments. Running it again costs nothing when everything is there. No service
# is started on this machine: the packages' own start at installation is refused
# while they are installed.
# With --node it installs the same in the root file system of a lab's nodes, which
# may be of another release.
set -eu

packages="systemd systemd-container dbus libpam-systemd
	corosync pacemaker pacemaker-cli-utils pcs crmsh resource-agents
	openssh-server openssh-client
	iproute2 nftables iputils-ping fping procps strace util-linux passwd locales libxml2-utils
	bzip2 xz-utils lz4 zstd groff-base
	postgresql"

policy=/usr/sbin/policy-rc.d

say() { printf '%s\n' "install-debian.sh: $*"; }

fail() {
	say "$*" >&2
	exit 1
}

# Debian's own name and release only; a derivative may have other packages.
check_system() {
	[ -r /etc/os-release ] || fail "cannot tell the system: /etc/os-release is missing; this script is for Debian 12 and 13"
	id=$(. /etc/os-release && printf '%s' "${ID:-unknown}")
	version=$(. /etc/os-release && printf '%s' "${VERSION_ID:-unknown}")
	case "$id $version" in
	"debian 12" | "debian 13") ;;
	*) fail "this is $id $version; this script is for Debian 12 and 13. Install by hand what corresponds to:" $packages ;;
	esac
}

missing() {
	for package in $packages; do
		status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || status=
		[ "$status" = installed ] || printf '%s\n' "$package"
	done
}

as_root() {
	[ "$(id -u)" -eq 0 ] && return
	command -v sudo >/dev/null || fail "not root, and there is no sudo: run this as root"
	exec sudo -- "$0" "$@"
}

# invoke-rc.d asks this file before it starts a service; 101 forbids it. A policy
# that the machine already has stays: it is the administrator's.
forbid_starts() {
	if [ -e "$policy" ]; then
		say "$policy exists and is left as it is"
		return
	fi
	trap 'rm -f "$policy"' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 755 "$policy"
}

have_lists() {
	for list in /var/lib/apt/lists/*_Packages*; do
		[ -e "$list" ] && return 0
	done
	return 1
}

update() { apt-get -o DPkg::Lock::Timeout=300 update; }

install() {
	DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
		-o Dpkg::Options::=--force-confold -o DPkg::Lock::Timeout=300 "$@"
}

enabled() {
	systemctl --root=/ list-unit-files --type=service,socket --state=enabled --no-legend 2>/dev/null |
		while read -r unit _; do printf '%s\n' "$unit"; done
}

# An enabled service would start at the next boot of the machine, also one of a
# package that came along: sshd, logd. What was enabled before stays so.
disable_new() {
	for unit in $(enabled); do
		case " $1 " in
		*" $unit "*) ;;
		*) systemctl --root=/ disable --quiet "$unit" 2>/dev/null || : ;;
		esac
	done
}

if [ "${1:-}" = --node ]; then
	shift
else
	check_system
fi
packages="$packages $*"
wanted=$(missing)
if [ -z "$wanted" ]; then
	say "everything is installed"
	exit 0
fi
as_root "$@"
say "installing:" $wanted
before=$(enabled)
forbid_starts
have_lists || update
# Old lists name files that the mirror no longer has.
install $wanted || { update && install $wanted; }
disable_new "$(echo $before)"
say "done"
