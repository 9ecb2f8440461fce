"""Public layers whose content registries have: Powertools for Python and TypeScript, and the AWS SDK for pandas.

Nobody but Lambda can read a layer of another account, so what is in it is installed from where its owner publishes it, once, for the version of the language that
the function runs on here. A layer that is not known is left out, with one warning.
"""
from __future__ import annotations

import json
import logging
import os
import platform
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from pathlib import Path
from typing import Any

from .lambda_runtimes import python_version_of, warn_once
from .npm_packages import PackageUnavailable, run_npm, unfinished_folder
from .wrapping import wrap

_TIMEOUT = 600  # seconds
_POWERTOOLS = tuple(f"@aws-lambda-powertools/{name}" for name in ("batch", "commons", "idempotency", "jmespath", "logger", "metrics", "parameters", "parser", "tracer"))
# Account and name of a layer -> the language, and what its owner puts into it.
_KNOWN: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (r"017000801446:layer:AWSLambdaPowertoolsPythonV3-.*", "python", ("aws-lambda-powertools[all]>=3,<4",)),
    (r"017000801446:layer:AWSLambdaPowertoolsPythonV2.*", "python", ("aws-lambda-powertools[all]>=2,<3",)),
    (r"017000801446:layer:AWSLambdaPowertoolsPython(-.*)?", "python", ("aws-lambda-powertools>=1,<2",)),
    (r"094274105915:layer:AWSLambdaPowertoolsTypeScriptV2", "nodejs", tuple(f"{name}@^2" for name in _POWERTOOLS)),
    (r"094274105915:layer:AWSLambdaPowertoolsTypeScript", "nodejs", tuple(f"@aws-lambda-powertools/{name}@^1" for name in ("commons", "logger", "metrics", "tracer"))),
    (r"336392948345:layer:AWSSDKPandas-Python.*", "python", ("awswrangler>=3,<4",)),
)

logger = logging.getLogger("cdk_traced.packages")

_locks: dict[str, threading.Lock] = {}


def install() -> None:
    from ministack.services import lambda_svc

    @wrap(lambda_svc, "_resolve_cross_account_layer", "(layer_arn, spec, name_and_version)")
    def resolve(original: Any, layer_arn: str, spec: Any, name_and_version: Any) -> Any:
        if spec.region != lambda_svc.get_region() or lambda_svc._layers.get_scoped(spec.account_id, spec.region, name_and_version[0]) is not None:
            return original(layer_arn, spec, name_and_version)
        if content_of(layer_arn) is None:
            warn_once("the layer %s belongs to another account and cannot be had here: functions run without it. Put its content into the app "
                      "(lambda.LayerVersion with Code.fromAsset) to have it", layer_arn)
        return {"LayerArn": layer_arn.rsplit(":", 1)[0], "LayerVersionArn": layer_arn, "Version": name_and_version[1], "Content": {"CodeSize": 0}}, None


def archives_of(config: dict[str, Any]) -> list[bytes]:
    """The archives of a function's layers, in their order."""
    from ministack.services import lambda_svc

    found = []
    for layer in config.get("Layers") or []:
        data = lambda_svc._resolve_layer_zip(layer)
        arn = layer.get("Arn", "") if isinstance(layer, dict) else str(layer)
        if not data and (content := content_of(arn)):
            try:
                data = _archive(arn.rsplit(":", 1)[0].rsplit(":", 1)[-1], *content, str(config.get("Runtime", "")))
            except PackageUnavailable as error:
                warn_once("the layer %s cannot be made here, functions run without it: %s", arn, error)
        if data:
            found.append(data)
    return found


def prepare_ahead(layers: Any, runtime: str) -> None:
    """Makes the layers of a function while the rest of its stack is still being made."""
    known = [layer for layer in layers or [] if isinstance(layer, str) and content_of(layer)]
    if known:
        threading.Thread(target=archives_of, args=({"Layers": [{"Arn": layer, "CodeSize": 0} for layer in known], "Runtime": runtime},), daemon=True,
                         name="prepare-layers").start()


def content_of(layer_arn: str) -> tuple[str, tuple[str, ...]] | None:
    """The language and the packages of a public layer that is known."""
    parts = layer_arn.split(":", 4)
    name = parts[4].rpartition(":")[0] if len(parts) == 5 else ""
    return next(((language, packages) for pattern, language, packages in _KNOWN if re.fullmatch(pattern, name)), None)


def _archive(name: str, language: str, packages: tuple[str, ...], runtime: str) -> bytes:
    version = python_version_of(runtime) if language == "python" else ""
    folder = Path(os.environ.get("CDK_TRACED_RUNTIMES") or "layers")
    file = folder / f"layer-{name}{version and '-' + version}.zip"
    with _locks.setdefault(file.name, threading.Lock()):
        if not file.exists():
            with unfinished_folder(file, name, f"{name}, a public layer, from {'PyPI' if language == 'python' else 'npm'}") as unfinished:
                content = unfinished / "content"
                if language == "python":
                    _install_python(content / "python", packages, version)
                else:
                    _install_nodejs(content / "nodejs", packages)
                _zip(content, unfinished / "layer.zip")
                (unfinished / "layer.zip").replace(file)
        return file.read_bytes()


def _install_python(target: Path, packages: tuple[str, ...], version: str) -> None:
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
    target.mkdir(parents=True)
    uv = shutil.which("uv")
    if uv:
        command = [uv, "pip", "install", "--quiet", "--only-binary", ":all:", "--python", sys.executable, "--python-version", version, "--target", str(target)]
    else:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--only-binary", ":all:", "--implementation", "cp",
                   "--python-version", version, "--target", str(target),
                   *([f"--platform=manylinux2014_{machine}", f"--platform=manylinux_2_28_{machine}"] if sys.platform == "linux" else [])]
    done = subprocess.run([*command, *packages], capture_output=True, text=True, timeout=_TIMEOUT, check=False, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise PackageUnavailable((done.stderr or done.stdout).strip().splitlines()[-1:][0] if (done.stderr or done.stdout).strip() else f"status {done.returncode}")


    for pattern in ("boto3*", "botocore*", "s3transfer*"):  # the runtime has them, and the layers leave them out
        for folder in target.glob(pattern):
            shutil.rmtree(folder)


def _install_nodejs(target: Path, packages: tuple[str, ...]) -> None:
    target.mkdir(parents=True)
    (target / "package.json").write_text(json.dumps({"private": True}), encoding="utf-8")
    run_npm(["install", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund", "--loglevel=error", *packages], target, packages[0])


def _zip(content: Path, file: Path) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(content.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts and ".bin" not in path.parts:
                archive.write(path, path.relative_to(content))
