"""Runs the installed git on untrusted repositories: bounded, non-interactive, https and ssh only.

Sources: git(1) (GIT_ALLOW_PROTOCOL goes before every `protocol.*` of a configuration and holds for
redirects and lazy fetches too, GIT_TERMINAL_PROMPT), ssh(1) (SSH_ASKPASS_REQUIRE), git-config(1)
(core.hooksPath, fetch.recurseSubmodules). The configuration of the user stays in force: proxies,
certificates and credential helpers are in it.
"""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

from provisioner.model.diagnostic import DiagnosticError, error

MAX_SECONDS = 120
"""The bound of one run of git."""

MAX_REPOSITORY_BYTES = 256_000_000
"""What git may store of one repository: its newest trees, and the files that are used."""

MAX_OUTPUT_BYTES = 4_000_000
"""What git may print: more than any file that people write."""

_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "fetch.recurseSubmodules=false",
    "submodule.recurse=false",
    "fetch.fsckObjects=true",
    "gc.auto=0",
    "maintenance.auto=false",
    "advice.detachedHead=false",
)
_KEPT = re.compile(
    r"GIT_(SSH|SSH_COMMAND|SSH_VARIANT|ASKPASS|USERNAME|PASSWORD|SSL_\w+|PROXY_\w+|HTTP_\w+|CURL_\w+|TRACE\w*|"
    r"EXEC_PATH|CONFIG_(GLOBAL|SYSTEM|NOSYSTEM|COUNT|KEY_\d+|VALUE_\d+))"
)
"""Variables that configure how git connects to a host. All other GIT_ variables are dropped, with
those of `git rev-parse --local-env-vars`: git sets them for hooks, and they would name another
repository or another configuration file."""

_OF_THE_JOB = re.compile(
    r"(AZURE|ARM|AZSEC|ACTIONS|IDENTITY|MSI|IMDS)_.*|KUBECONFIG|"
    r"(?!AWS_|GOOGLE_).*(PASSWORD|SECRET|CREDENTIALS?|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY).*",
    re.IGNORECASE,
)
"""Credentials for Azure and others that a job holds: git starts credential helpers, ssh and proxy
commands, and none of them needs these. What helpers of hosts read stays: tokens (GH_TOKEN,
SYSTEM_ACCESSTOKEN, CI_JOB_TOKEN), AWS_ for CodeCommit, GOOGLE_ for Secure Source Manager."""

_USERINFO = re.compile(r"(?<=://)[^/@\s]+@")
_UNREACHABLE = re.compile(
    r"could not resolve|couldn't resolve|failed to connect|couldn't connect|unreachable|timed out|"
    r"connection (refused|reset|closed)|no route to host|name or service not known",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"authentication failed|could not read (username|password)|permission denied|"
    r"terminal prompts disabled|host key verification failed|returned error: 40[13]",
    re.IGNORECASE,
)
_ABSENT = re.compile(
    r"repository .*not found|does not exist|does not appear to be a git repository|"
    r"returned error: 404",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class GitCommand:
    """The git command with its environment variables and what it may do.

    `allows_files` permits `file://`; `follows_redirects` permits a redirect to another host at the
    first request.
    """

    environ: Mapping[str, str]
    allows_files: bool = False
    follows_redirects: bool = True

    def run(self, repository: str, folder: Path, *arguments: str) -> bytes:
        """Return the output of git in `folder`; `repository` names the remote in messages.

        Raises:
            DiagnosticError: `git-missing`, `git-unreachable`, `git-denied`,
                `git-repository-not-found`, `too-large`, `git-slow` or `git-failed`. It holds one
                line of git's own message, without the user and password of an address.
        """
        redirects = f"http.followRedirects={'initial' if self.follows_redirects else 'false'}"
        settings = (part for each in (*_SETTINGS, redirects) for part in ("-c", each))
        command = ["git", *settings, *arguments]
        with TemporaryFile() as out, TemporaryFile() as err:
            try:
                process = subprocess.Popen(  # a list, which no shell reads
                    command,
                    cwd=folder,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                    env=self._environment(folder),
                    start_new_session=True,
                )
            except FileNotFoundError:
                raise DiagnosticError(
                    error(
                        "git-missing",
                        "there is no git on this machine, and modules from git need it.",
                        None,
                        "Install git, or copy the module into this repository.",
                    )
                ) from None
            _wait(process, repository, folder, out.fileno())
            out.seek(0)
            err.seek(0)
            if process.returncode:
                raise _git_error(repository, err.read(10_000).decode(errors="replace"))
            return out.read(MAX_OUTPUT_BYTES)

    def _environment(self, folder: Path) -> dict[str, str]:
        kept = {name: text for name, text in self.environ.items() if _may_see(name)}
        # ssh prompts on the terminal, which a session of its own (start_new_session) does not have,
        # or by an askpass program.
        return kept | {
            # With GIT_DIR git searches no parent folders, and accepts a bare repository also under
            # safe.bareRepository=explicit.
            "GIT_DIR": str(folder),
            "GIT_ALLOW_PROTOCOL": "https:ssh:file" if self.allows_files else "https:ssh",
            "GIT_TERMINAL_PROMPT": "0",
            "GCM_INTERACTIVE": "never",
            "SSH_ASKPASS_REQUIRE": "never",
            # The messages are matched in English (_UNREACHABLE, _DENIED, _ABSENT).
            "LC_ALL": "C",
        }


def _may_see(name: str) -> bool:
    """Return whether git, and what it starts, may see a variable of azsec's environment."""
    if name.upper().startswith("GIT_"):
        return _KEPT.fullmatch(name) is not None
    return _OF_THE_JOB.fullmatch(name) is None


def _wait(process: "subprocess.Popen[bytes]", repository: str, folder: Path, out: int) -> None:
    """Wait for git; kill it where it exceeds the bounds of time, disk or output.

    Raises:
        DiagnosticError: `git-slow` or `too-large`.
    """
    deadline = time.monotonic() + MAX_SECONDS
    try:
        while True:
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.2)
                break
            if time.monotonic() > deadline:
                message = f"git took longer than {MAX_SECONDS} seconds for {repository}."
                raise DiagnosticError(error("git-slow", message, None, "Try again."))
            _check_size(repository, folder, out)
        _check_size(repository, folder, out)
    finally:
        _kill_group(process)


def _check_size(repository: str, folder: Path, out: int) -> None:
    # os.walk skips a folder that git removes meanwhile, on which Path.rglob raises.
    stored = sum(
        _size_of(Path(parent, name))
        for parent, folders, files in os.walk(folder)
        for name in (*folders, *files)
    )
    if stored > MAX_REPOSITORY_BYTES or os.fstat(out).st_size > MAX_OUTPUT_BYTES:
        bound = (
            f"{MAX_REPOSITORY_BYTES:,} bytes of {repository} at one commit"
            if stored > MAX_REPOSITORY_BYTES
            else f"{MAX_OUTPUT_BYTES:,} bytes of a file of {repository}"
        )
        raise DiagnosticError(
            error(
                "too-large",
                f"git fetched more than {bound}; no more are read.",
                None,
                "Keep modules in a repository of their own; docs/untrusted-input.md lists the "
                "bounds.",
            )
        )


def _size_of(file: Path) -> int:
    with suppress(OSError):  # git renames and removes files while it works
        return file.lstat().st_size
    return 0


def _kill_group(process: "subprocess.Popen[bytes]") -> None:
    """Kill git and its children (ssh, credential helpers), if it still runs."""
    if process.poll() is not None:
        return
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def _git_error(repository: str, stderr: str) -> DiagnosticError:
    words = next(_message_lines(stderr), "it gave no reason")
    for code, pattern, message, hint in (
        (
            "git-unreachable",
            _UNREACHABLE,
            "cannot be reached",
            "Check the network. What `azsec modules update` fetched once is in the cache.",
        ),
        (
            "git-denied",
            _DENIED,
            "cannot be read with the credentials of git here",
            "Check that `git ls-remote` of it works without a question.",
        ),
        (
            "git-repository-not-found",
            _ABSENT,
            "does not exist, or not for these credentials",
            "Check the address.",
        ),
    ):
        if pattern.search(stderr):
            message = f"{repository} {message} (git: {words})."
            return DiagnosticError(error(code, message, None, hint))
    return DiagnosticError(error("git-failed", f"git failed on {repository}: {words}."))


def _message_lines(stderr: str) -> Iterator[str]:
    """Yield the lines of git's messages, fatal ones first."""
    lines: Sequence[str] = [line.strip() for line in stderr.splitlines() if line.strip()]
    for line in sorted(lines, key=lambda each: not each.lower().startswith(("fatal:", "error:"))):
        yield _USERINFO.sub("", line.rstrip("."))[:300]
