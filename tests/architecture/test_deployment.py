"""docker-compose.yml and the manifests for Kubernetes, as far as they can be judged without an engine or a cluster.

tests/support/schemas/compose-spec.json is the Compose Specification's own schema (Apache-2.0, its licence beside it),
as check-jsonschema 0.39.0 ships it.
"""

from __future__ import annotations

import copy
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import jsonschema
import kubernetes_validate
import pytest
import yaml

from app import __version__
from app.cli import app as command_line
from app.settings import KEPT_KEYS, Settings
from house import dockerfile
from house.base import ROOT

pytestmark = pytest.mark.fast

MANIFESTS: Final = ROOT / "docs" / "deploy" / "kubernetes"
KUBERNETES: Final = ("1.30", "1.37")
SCHEMA: Final = ROOT / "tests" / "support" / "schemas" / "compose-spec.json"
COMPOSE: Final[dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: Final[dict[str, Any]] = COMPOSE["services"]
EXAMPLE: Final = (ROOT / "docs" / "deploy" / "compose.env.example").read_text(encoding="utf-8")
OURS: Final = ("migrate", "app")
SETTINGS: Final = {name.upper() for name in Settings.model_fields}
COMMANDS: Final = {
    one.name or getattr(one.callback, "__name__", "") for one in command_line.registered_commands
}


def compose_faults(document: dict[str, Any]) -> list[str]:
    """Give what the Compose Specification has against it."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    found = jsonschema.Draft202012Validator(schema).iter_errors(document)
    return [f"{'.'.join(map(str, error.path))}: {error.message}" for error in found]


def test_the_compose_file_keeps_to_the_specification() -> None:
    assert compose_faults(COMPOSE) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("services", "app", "readonly"), True),
        (("services", "app", "read_only"), [1]),
        (("services", "app", "depends_on", "migrate", "condition"), "done"),
        (("services", "postgres", "healthcheck", "test"), 5),
        (("volumes", "data", "size"), "1G"),
    ],
)
def test_a_compose_file_that_does_not_would_be_refused(path: tuple[str, ...], value: object) -> None:
    """What the schema lets through above is worth something: a wrong key or value is found."""
    wrong = json.loads(json.dumps(COMPOSE))
    place = wrong
    for name in path[:-1]:
        place[name] = place[name] or {}
        place = place[name]
    place[path[-1]] = value
    assert compose_faults(wrong)


@pytest.mark.parametrize("name", [*OURS, "mail"])
def test_what_needs_no_rights_has_none_in_compose(name: str) -> None:
    """CT-01: read-only, without capabilities, as a numeric user, with nothing to write to but the volume and /tmp."""
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["user"] == "65532:65532"
    assert [entry.partition(":")[0] for entry in service["tmpfs"]] == ["/tmp"]  # noqa: S108 - the container's own
    assert "privileged" not in service
    assert not {"cap_add", "pid", "network_mode", "devices"} & service.keys()


def test_nothing_serves_before_the_schema_is_there() -> None:
    """One step migrates, once; it waits for the database, and the service waits for its success."""
    migrate, app = SERVICES["migrate"], SERVICES["app"]
    assert migrate["command"] == ["migrate"]
    assert migrate["restart"].startswith("on-failure"), "it ends when it is done"
    assert migrate["depends_on"]["postgres"] == {"condition": "service_healthy"}
    assert app["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert "command" not in app, "the image's own"
    assert migrate["image"] == app["image"]
    assert migrate["environment"] == app["environment"]


def test_databases_and_queues_are_chosen_by_profile() -> None:
    """PostgreSQL without one; the others wait until they are asked for, and nothing needs them before."""
    profiles = {name: service.get("profiles") for name, service in SERVICES.items()}
    assert {name: found for name, found in profiles.items() if found} == {"mariadb": ["mariadb"], "redis": ["redis"]}
    for name, service in SERVICES.items():
        for needed, how in service.get("depends_on", {}).items():
            assert needed in SERVICES
            assert profiles[needed] is None or how["required"] is False, f"{name} needs {needed}"
            if how["condition"] == "service_healthy":
                assert "test" in SERVICES[needed]["healthcheck"]


def test_every_service_that_stays_is_watched_and_asked_without_a_shell_of_ours() -> None:
    image = dockerfile.image(dockerfile.read((ROOT / "Dockerfile").read_text(encoding="utf-8"))[-1])
    for name, service in SERVICES.items():
        check = service["healthcheck"]
        if name == "migrate":
            assert check == {"disable": True}
            continue
        assert check["test"][0] == "CMD", name
    assert SERVICES["app"]["healthcheck"]["test"][1:] == image.healthcheck


def test_only_loopback_is_published() -> None:
    """Databases have no port outside; the API is for the proxy on the same machine."""
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published.keys() == {"app", "mail"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert {name for name, service in SERVICES.items() if "outside" in service["networks"]} == {"app", "mail"}


def test_every_volume_network_and_variable_of_compose_is_declared() -> None:
    """A misspelt name is an anonymous volume that is gone with the container."""
    used = {entry.partition(":")[0] for service in SERVICES.values() for entry in service.get("volumes", [])}
    assert used == COMPOSE["volumes"].keys()
    assert {name for service in SERVICES.values() for name in service["networks"]} == COMPOSE["networks"].keys()
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    asked = set(re.findall(r"\$\{(\w+)", text))
    assert asked - set(re.findall(r"^#?(\w+)=", EXAMPLE, re.MULTILINE)) == set()


def test_what_compose_sets_are_settings() -> None:
    """ERP-05: a name that is none would silently do nothing."""
    assert SERVICES["app"]["environment"].keys() <= SETTINGS
    told = set(re.findall(r"^#?(\w+)=", EXAMPLE, re.MULTILINE))
    assert told - SETTINGS == {"POSTGRES_PASSWORD", "MARIADB_PASSWORD", "TRAMITA_TAG", "PUBLISHED_PORT"}
    assert {name.upper() for name in KEPT_KEYS - {"jwt_keys"}} <= told


def test_no_secret_stands_in_a_file_that_is_kept() -> None:
    """Passwords and keys come from .env, which neither git nor the build takes."""
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    assert all("${" in line for line in text.splitlines() if re.search(r"(PASSWORD|_KEY): (?!\"1\")", line))
    assert re.findall(r"^#?\w*(?:PASSWORD|_KEY)=(.+)$", EXAMPLE, re.MULTILINE) == []
    assert "/.env" in (ROOT / ".gitignore").read_text(encoding="utf-8").split()


def manifests() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(MANIFESTS.glob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            yield path.name, document


def of_kind(*kinds: str) -> list[dict[str, Any]]:
    return [document for _, document in manifests() if document["kind"] in kinds]


def pods() -> list[dict[str, Any]]:
    """Give the pod specifications: two Deployments' and the Job's."""
    return [document["spec"]["template"]["spec"] for document in of_kind("Deployment", "Job")]


@pytest.mark.parametrize("version", KUBERNETES)
def test_the_manifests_are_what_kubernetes_takes(version: str) -> None:
    """Each against the schema of its kind, strictly: a field that does not exist is a fault."""
    kinds = []
    for _, document in manifests():
        kubernetes_validate.validate(document, version, strict=True)
        kinds.append(document["kind"])
    once = {"ConfigMap", "Secret", "PersistentVolumeClaim", "Job", "Service", "PodDisruptionBudget", "NetworkPolicy"}
    assert sorted(kinds) == sorted([*once, "Deployment", "Deployment"])


def _misspelt(pod: dict[str, Any]) -> None:
    pod["terminationGracePeriod"] = 30


def _of_another_type(pod: dict[str, Any]) -> None:
    pod["terminationGracePeriodSeconds"] = "thirty"


def _deep_down(pod: dict[str, Any]) -> None:
    pod["containers"][0]["securityContext"]["readOnlyRootFileSystem"] = True


def _lacking(pod: dict[str, Any]) -> None:
    del pod["containers"]


@pytest.mark.parametrize("spoil", [_misspelt, _of_another_type, _deep_down, _lacking])
@pytest.mark.parametrize("kind", ["Deployment", "Job"])
def test_a_wrong_field_would_be_refused(kind: str, spoil: Callable[[dict[str, Any]], None]) -> None:
    document = copy.deepcopy(of_kind(kind)[0])
    spoil(document["spec"]["template"]["spec"])
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(document, KUBERNETES[-1], strict=True)


def test_every_pod_is_held_to_what_the_image_needs() -> None:
    """CT-01: the restricted Pod Security Standard, and a read-only root on top of it."""
    assert len(pods()) == 3
    for pod in pods():
        context = pod["securityContext"]
        assert context["runAsNonRoot"] is True
        assert (context["runAsUser"], context["runAsGroup"], context["fsGroup"]) == (65532, 65532, 65532)
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        (container,) = pod["containers"]
        own = container["securityContext"]
        assert own == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["image"].endswith(f"/tramita:{__version__}")
        assert container["resources"]["requests"].keys() == {"cpu", "memory"}
        assert "memory" in container["resources"]["limits"]
        assert {mount["mountPath"] for mount in container["volumeMounts"]} == {"/data", "/tmp"}  # noqa: S108 - its own
        assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
        assert "command" not in container, "the image's entry point"
        assert container["args"][0] in COMMANDS


def test_a_pod_that_is_stopped_has_the_time_it_needs() -> None:
    """CT-04, ERP-15: 30 s for a drain of 25, readiness asked often enough to be seen, no hook that needs a shell."""
    server, worker = (document["spec"] for document in of_kind("Deployment"))
    assert server["replicas"] == 2
    for deployment in (server, worker):
        pod = deployment["template"]["spec"]
        (container,) = pod["containers"]
        assert pod["terminationGracePeriodSeconds"] == 30
        assert "lifecycle" not in container
        ports = {port["name"] for port in container["ports"]}
        probes = {name: container[f"{name}Probe"] for name in ("startup", "liveness", "readiness")}
        paths = {name: probe["httpGet"]["path"] for name, probe in probes.items()}
        assert paths == {"startup": "/health", "liveness": "/health", "readiness": "/ready"}
        assert {probe["httpGet"]["port"] for probe in probes.values()} <= ports
        # A server that drains keeps its socket open for 5 s: readiness has to be asked twice in that time.
        assert probes["readiness"]["periodSeconds"] * probes["readiness"]["failureThreshold"] * 2 < 5


def test_one_job_migrates_and_its_name_is_new_with_each_version() -> None:
    (job,) = of_kind("Job")
    assert job["metadata"]["name"].endswith(f"-{__version__}")
    assert job["spec"]["template"]["spec"]["containers"][0]["args"] == ["migrate"]
    assert job["spec"]["template"]["spec"]["restartPolicy"] == "Never"


def test_the_manifests_find_each_other() -> None:
    """Selectors select, references refer, ports are opened that somebody listens on."""
    labels = [one["spec"]["template"]["metadata"]["labels"] for one in of_kind("Deployment", "Job")]
    for deployment in of_kind("Deployment"):
        assert (
            deployment["spec"]["selector"]["matchLabels"].items()
            <= deployment["spec"]["template"]["metadata"]["labels"].items()
        )
    (service,), (budget,), (network,) = (of_kind(kind) for kind in ("Service", "PodDisruptionBudget", "NetworkPolicy"))
    assert [service["spec"]["selector"].items() <= one.items() for one in labels].count(True) == 1
    assert [budget["spec"]["selector"]["matchLabels"].items() <= one.items() for one in labels].count(True) == 1
    assert all(network["spec"]["podSelector"]["matchLabels"].items() <= one.items() for one in labels)
    listened = {port["containerPort"] for pod in pods() for port in pod["containers"][0].get("ports", [])}
    assert {port["port"] for rule in network["spec"]["ingress"] for port in rule["ports"]} == listened
    named = {(document["kind"], document["metadata"]["name"]) for _, document in manifests()}
    for pod in pods():
        for source in pod["containers"][0]["envFrom"]:
            kind, reference = next(iter(source.items()))
            assert ({"configMapRef": "ConfigMap", "secretRef": "Secret"}[kind], reference["name"]) in named
        claims = [one["persistentVolumeClaim"]["claimName"] for one in pod["volumes"] if "persistentVolumeClaim" in one]
        assert {("PersistentVolumeClaim", claim) for claim in claims} <= named
    assert {document["metadata"].get("namespace") for _, document in manifests()} == {None}


def test_what_the_manifests_set_are_settings() -> None:
    """ERP-05: secrets in the Secret, the rest in the ConfigMap, each under a name that exists."""
    (config,), (secret,) = of_kind("ConfigMap"), of_kind("Secret")
    assert config["data"].keys() <= SETTINGS
    assert secret["stringData"].keys() <= SETTINGS
    assert not config["data"].keys() & secret["stringData"].keys()
    assert {name.upper() for name in KEPT_KEYS - {"jwt_keys"}} <= secret["stringData"].keys()
    assert all(isinstance(value, str) for value in (config["data"] | secret["stringData"]).values())
    known = {name: value for name, value in config["data"].items() if name.lower() in Settings.model_fields}
    assert Settings(**{name.lower(): value for name, value in known.items()}, data_dir=Path("/data")).workers == 1


def test_the_way_to_make_a_key_makes_one() -> None:
    """The command in secret.example.yaml, as it stands there."""
    text = (MANIFESTS / "secret.example.yaml").read_text(encoding="utf-8")
    (program,) = re.findall(r"python3 -c '(.+)'", text)
    made = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()
    assert re.fullmatch(r"[\w-]{43}", made)
