# syntax=docker/dockerfile:1
# Built line by line, without an engine, by scripts/verify-image: what is written here is what it tries.
#
# A tag moves. Whoever needs the same image twice pins both by digest:
#   docker build --build-arg BUILD=debian:13-slim@sha256:... --build-arg RUNTIME=gcr.io/distroless/python3-debian13:nonroot@sha256:... .
ARG BUILD=debian:13-slim
# Python 3.13 of Debian 13 with the libraries it loads: no shell, no package manager. Debian 12's is no longer maintained.
ARG RUNTIME=gcr.io/distroless/python3-debian13:nonroot

# hadolint ignore=DL3006
FROM ${BUILD} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1 PIP_ROOT_USER_ACTION=ignore
# Debian drops a version from its mirror with the next one, so a pinned one cannot be built again: the image above is the pin.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates python3-venv \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY requirements.lock requirements-build.lock ./
RUN python3 -m venv /build \
    && /build/bin/pip install --require-hashes --only-binary :all: --requirement requirements-build.lock
# The runtime has no pip and no place of its own for packages: they go into one directory, found by PYTHONPATH. Nothing is
# compiled here, so nothing of a package but its wheel runs.
RUN /build/bin/pip install --require-hashes --only-binary :all: --no-compile --target /app --requirement requirements.lock \
    && rm -rf /app/bin
# .dockerignore names what this is: the sources of the wheel and nothing else.
COPY . .
RUN /build/bin/pip wheel --no-index --no-deps --no-build-isolation --wheel-dir /dist . \
    && /build/bin/pip install --no-index --no-deps --no-compile --target /app /dist/tramita-*.whl \
    && rm -rf /app/bin
# Bytecode is made once, here: a read-only root has no place for it later. Nobody can write /app, so that nothing compares it
# with its source at each start. The runtime brings Python's library without bytecode, and maybe in another patch: that is
# compared, by content, and compiled anew where it differs.
RUN PYTHONPYCACHEPREFIX=/bytecode python3 -m compileall -q -j 0 --invalidation-mode unchecked-hash /app \
    && PYTHONPYCACHEPREFIX=/bytecode python3 -m compileall -q -j 0 --invalidation-mode checked-hash /usr/lib/python3.13 \
    && install -d -m 0750 /data

# hadolint ignore=DL3006
FROM ${RUNTIME}
# PYTHONSAFEPATH: a file in the working directory is never taken for a module. PYTHONDONTWRITEBYTECODE: /app is read-only.
ENV PYTHONPATH=/app PYTHONPYCACHEPREFIX=/bytecode PYTHONSAFEPATH=1 PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    LANG=C.UTF-8 HOST=0.0.0.0 PORT=8000 DATA_DIR=/data
COPY --from=build /app /app
COPY --from=build /bytecode /bytecode
# All that is written lies here or in /tmp; the rest of the file system may be mounted read-only.
COPY --from=build --chown=65532:65532 /data /data
VOLUME /data
WORKDIR /data
# By number: Kubernetes can only tell from a number that it is not root.
USER 65532:65532
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s --retries=3 CMD ["/usr/bin/python3.13", "-m", "app", "healthcheck"]
ENTRYPOINT ["/usr/bin/python3.13", "-m", "app"]
CMD ["serve"]
