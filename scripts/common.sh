# What run, test and bench share; sourced by them, with bash.
# shellcheck shell=bash disable=SC2034
#
# RSC_BUILD_DIR      where the builds go; default: build/ in the source tree
#                    (builds), and under it prefix/ (what meson install put there)
# RSC_SKIP_PACKAGES  if set, nothing is installed and nothing is asked of dpkg

set -euo pipefail

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build_root=${RSC_BUILD_DIR:-$source_dir/build}
prefix=$build_root/prefix

build_packages=(
  build-essential gettext libadwaita-1-dev libcairo2-dev libglib2.0-dev libgraphviz-dev libgtk-4-dev
  libpango1.0-dev libsqlite3-dev meson ninja-build pkg-config python3 python3-dev
)
run_packages=(
  adwaita-icon-theme dconf-gsettings-backend fonts-cantarell fonts-dejavu-core fonts-noto-cjk graphviz
  gsettings-desktop-schemas hicolor-icon-theme libgl1-mesa-dri librsvg2-common shared-mime-info
)
test_packages=(
  appstream at-spi2-core bash-completion clang dbus dbus-daemon desktop-file-utils gir1.2-atspi-2.0 gir1.2-gtk-4.0
  gcc-aarch64-linux-gnu gunicorn libc6-dev-arm64-cross libglib2.0-bin
  libxml2-utils man-db mandoc librsvg2-bin poppler-utils procps python3-django python3-flask python3-gi python3-numpy
  python3-objgraph python3-psutil xauth xdotool xvfb
)

say ()
{
  if [ -t 1 ]; then printf '\n\033[1m%s\033[0m\n' "$*"; else printf '\n%s\n' "$*"; fi
}

die ()
{
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# Installs those of the packages that are missing.  Only apt-get goes through
# sudo; on a system without it, the packages are named and that is all.
need_packages ()
{
  local missing=() package as_root=()

  [ -z "${RSC_SKIP_PACKAGES:-}" ] || return 0

  if ! command -v apt-get > /dev/null || ! command -v dpkg-query > /dev/null
  then
    cat >&2 <<EOF
$(basename "$0"): this is no Debian or one of its relatives, so nothing was installed.
These are the packages needed, by the names they have in Debian 12:

$(printf '  %s\n' "$@")

Install what they are called here, then run: RSC_SKIP_PACKAGES=1 $0
EOF
    exit 1
  fi

  for package
  do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0

  say "Installing: ${missing[*]}"
  if [ "$(id -u)" != 0 ]
  then
    command -v sudo > /dev/null \
      || die "not root, and there is no sudo; as root, run: apt-get install --no-install-recommends ${missing[*]}"
    as_root=(sudo)
  fi
  # Standard input is not for dpkg's questions; sudo asks on the terminal.
  "${as_root[@]}" apt-get -q update < /dev/null
  # From graphviz 14 on a package of its own.
  if [[ " ${missing[*]} " == *" libgraphviz-dev "* ]] && apt-cache show libgvplugin-neato-layout-dev > /dev/null 2>&1
  then
    missing+=(libgvplugin-neato-layout-dev)
  fi
  "${as_root[@]}" apt-get -q -y --no-install-recommends install "${missing[@]}" < /dev/null
}

# build NAME [MESON OPTIONS...]: configures and builds $build_root/NAME.
build ()
{
  local dir=$build_root/$1
  shift

  if [ ! -f "$dir/build.ninja" ]
  then
    rm -rf "$dir"
    mkdir -p "$build_root"
    meson setup "$dir" "$source_dir" --prefix="$prefix" "$@"
  elif ! meson setup --reconfigure "$dir" "$source_dir" "$@" > "$dir/setup.log" 2>&1
  then
    # The tree was moved, or made by another meson: start afresh.
    rm -rf "$dir"
    meson setup "$dir" "$source_dir" --prefix="$prefix" "$@"
  fi
  ninja -C "$dir"
}
