"""The container engine: its availability, its architecture, and the address of this machine in its containers."""

from __future__ import annotations

import platform
import socket

import docker  # type: ignore[import-untyped]

HOST_NAME = "host.docker.internal"
"""This machine, as containers call it."""

_ARCHITECTURES = {"amd64": "x86_64", "x86_64": "x86_64", "arm64": "arm64", "aarch64": "arm64"}


class NoEngine(Exception):  # noqa: N818 - an answer to the developer
    """The message says what is missing."""


class Engine:
    """Found as the SAM CLI finds it. Raises NoEngine."""

    def __init__(self) -> None:
        try:
            self._client = docker.from_env(timeout=5)
            self._client.ping()
        except docker.errors.DockerException:
            raise NoEngine("sam local needs a container engine, and none answers here. make run needs none.") from None

    @property
    def architecture(self) -> str:
        """Its native architecture, by Lambda's name. Raises NoEngine if Lambda does not support it."""
        machine = self._client.version().get("Arch") or platform.machine()
        if machine.lower() not in _ARCHITECTURES:
            raise NoEngine(f"Lambda has no functions for the container engine's architecture, {machine}.")
        return _ARCHITECTURES[machine.lower()]

    @property
    def host_address(self) -> str | None:
        """The address at which only containers reach this machine. None if they reach it only by name.

        On Linux that is the bridge to which containers are attached. Docker Desktop and Finch keep their bridge in a
        virtual machine, and resolve HOST_NAME to this machine's loopback address.
        """
        try:
            configurations = self._client.networks.get("bridge").attrs["IPAM"]["Config"]
            addresses = [each["Gateway"] for each in configurations if ":" not in each.get("Gateway", ":")]
        except (docker.errors.DockerException, LookupError, TypeError, ValueError):
            return None
        return next(filter(_is_here, addresses), None)


def _is_here(address: str) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True
