"""Look up known vulnerabilities of the installed packages with pip-audit, which is installed for it.

Fails for vulnerabilities only. When they cannot be looked up, because the network or the index does not answer, the
reason is printed.
"""

import json
import subprocess
import sys

TIMEOUT = 300  # seconds
# Advisories that SECURITY.md says why they do not concern us; to be removed with the versions they are about.
ACCEPTED = ("CVE-2026-134825",)


def main() -> int:
    """Print what is known, and return the exit status."""
    ignored = [f"--ignore-vuln={advisory}" for advisory in ACCEPTED]
    try:
        run(["pip", "install", "-q", "pip-audit>=2.9,<3"], check=True)
        done = run(["pip_audit", "--local", "--format=json", "--progress-spinner=off", *ignored])
        packages = json.loads(done.stdout)["dependencies"]
    except subprocess.TimeoutExpired:
        return skipped(f"it took more than {TIMEOUT} seconds")
    except subprocess.CalledProcessError as error:
        return skipped(f"it cannot be installed ({last_line(error.stderr)})")
    except ValueError:
        return skipped(last_line(done.stderr))
    reasons = [package["skip_reason"] for package in packages if "skip_reason" in package]
    if len(reasons) == len(packages):
        return skipped(f"nothing is known about any of {len(packages)} packages ({', '.join(reasons[:1])})")
    found = [(package, vulnerability) for package in packages for vulnerability in package.get("vulns", ())]
    for package, vulnerability in found:
        names = ", ".join([vulnerability["id"], *vulnerability["aliases"]])
        fixed = ", ".join(vulnerability["fix_versions"]) or "no version yet"
        print(f"{package['name']} {package['version']}: {names}; fixed in {fixed}")
    print(f"pip-audit: {len(found)} vulnerabilities known; {len(reasons)} of {len(packages)} packages not looked up")
    return 1 if found else 0


def run(module: list[str], check: bool = False) -> subprocess.CompletedProcess[str]:
    """Run a module of this environment's Python."""
    command = [sys.executable, "-m", *module]
    return subprocess.run(command, capture_output=True, encoding="utf-8", timeout=TIMEOUT, check=check)


def skipped(reason: str) -> int:
    """Say why vulnerabilities were not looked up."""
    print(f"pip-audit skipped: {reason}")
    return 0


def last_line(text: str) -> str:
    """The last line of a program's errors, which says what went wrong."""
    return (text.strip().splitlines() or ["it said nothing"])[-1]


if __name__ == "__main__":
    sys.exit(main())
