#!/usr/bin/env bash
# GROMACS for this machine's processor (`make gromacs-native`): from the distribution's source package into .gromacs,
# about 20 minutes on 2 cores. Distributions build for the oldest processor that they serve, which costs half the speed.
#
#   SIMD=AVX2_256   build for these instructions, not for the widest that the processor has
#   JOBS=2          compile so many files at a time; all cores when not given
#   GPU=CUDA        with this offload (CUDA, SYCL, OpenCL), whose compiler must be there: docs/gpu.md
#
# The system's own package lists stay as they are: sources are found through lists in a scratch folder. Nothing is
# installed outside this project but, through apt, a compiler, CMake and FFTW when they are missing.
set -euo pipefail
project="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)"
cd "$project"

readonly PACKAGES="build-essential cmake libfftw3-dev dpkg-dev"
readonly FOLDER=.gromacs

say() { printf '%s\n' "$*"; }
die() {
    printf 'Sheath: %s\n' "$*" >&2
    exit 1
}

command -v apt-get >/dev/null || die "this machine has no apt. Conda's GROMACS and the modules of clusters are built for \
several processors and choose by themselves: use one of them. Else build GROMACS by its own guide and set SHEATH_GMX."

simd="${SIMD:-$(python -m workflow.processor)}"
[[ -n "$simd" ]] || die "/proc/cpuinfo does not say what this processor can do. Remedy: SIMD=AVX2_256 make gromacs-native"
jobs="${JOBS:-$(nproc)}"

# --- what the build needs ---------------------------------------------------------------------------------
missing=()
for package in $PACKAGES; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done
if ((${#missing[@]})); then
    say "Outside this folder, through apt, these will be installed now: ${missing[*]}"
    root=()
    [[ "$(id -u)" == 0 ]] || root=(sudo)
    if ! { "${root[@]}" apt-get update -qq &&
        "${root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null; }; then
        die "apt-get failed. Remedy: ask an administrator to run: apt-get install ${missing[*]}; then run this again."
    fi
fi

# --- the source, through lists of our own -----------------------------------------------------------------
scratch="$project/work/gromacs-native"
mkdir -p "$scratch/lists/partial" "$scratch/cache/archives/partial"
# Old one-line lists and new stanzas alike, with `deb` made `deb-src`.
: >"$scratch/sources.list"
for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [[ -e "$list" ]] && sed -n 's/^deb \(.*\)/deb-src \1/p' "$list" >>"$scratch/sources.list"
done
rm -rf "$scratch/parts" && mkdir "$scratch/parts"
for list in /etc/apt/sources.list.d/*.sources; do
    [[ -e "$list" ]] && sed 's/^Types:.*/Types: deb-src/' "$list" >"$scratch/parts/$(basename "$list")"
done
own=(-o "Dir::Etc::SourceList=$scratch/sources.list" -o "Dir::Etc::SourceParts=$scratch/parts"
    -o "Dir::State::Lists=$scratch/lists" -o "Dir::Cache=$scratch/cache" -o APT::Sandbox::User=root)
say "Fetching the source of GROMACS."
(cd "$scratch" && apt-get "${own[@]}" -qq update && rm -rf gromacs-*/ && apt-get "${own[@]}" -qq source gromacs >/dev/null) ||
    die "the source package could not be fetched, apt's own words are above. Remedy: check the network, run this again."
source="$(find "$scratch" -mindepth 1 -maxdepth 1 -type d -name 'gromacs-*' | head -n 1)"
[[ -n "$source" ]] || die "apt fetched no source of GROMACS into $scratch. Remedy: run this again."

# --- build, in a folder beside, and swap it in when it is proven -------------------------------------------
say "Building $(basename "$source") for $simd with $jobs processes; the words of the build are in $scratch/build.log."
built="$scratch/installed"
rm -rf "$built"
{
    cmake -S "$source" -B "$scratch/build-$simd" -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX="$project/$FOLDER" \
        -DGMX_SIMD="$simd" -DGMX_FFT_LIBRARY=fftw3 -DGMX_GPU="${GPU:-OFF}" -DGMX_MPI=OFF -DGMXAPI=OFF -DGMX_INSTALL_NBLIB_API=OFF \
        -DGMX_HWLOC=OFF -DBUILD_TESTING=OFF -DGMX_PHYSICAL_VALIDATION=OFF &&
        cmake --build "$scratch/build-$simd" --parallel "$jobs" --target gmx &&
        DESTDIR="$built" cmake --install "$scratch/build-$simd"
} >"$scratch/build.log" 2>&1 || die "the build failed: $(tail -n 3 "$scratch/build.log"). Remedy: the whole story is in \
$scratch/build.log; once mended, run this again, it goes on where it stopped."

say "Comparing its energies with those of the GROMACS that was here."
packaged="$(python -c 'from workflow.gromacs import on_path; print(on_path() or "")')"
[[ -n "$packaged" ]] || die "no GROMACS is on the PATH to compare the new one with. Remedy: run \`make install\`, then this \
again; what was built is kept."
new="$built$project/$FOLDER/bin/gmx"
LD_LIBRARY_PATH="$built$project/$FOLDER/lib" python -m workflow.engine_check "$packaged" "$new" ||
    die "the new GROMACS does not agree with $packaged; it was not installed. Remedy: report the lines above."
rm -rf "${FOLDER:?}" && mv "$built$project/$FOLDER" "$FOLDER" && rm -rf "$built"
say "$project/$FOLDER/bin/gmx is used from now on (SHEATH_GMX goes before it; delete $FOLDER to go back)."
say "$scratch holds the source and the build and may be deleted."
