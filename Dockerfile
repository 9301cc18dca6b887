# The image of leh_guardian: the locked wheels and the project in one virtual environment, no compiler, no pip,
# not root. The first stage makes the environment; the second has nothing else from it.

FROM python:3.12-slim AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore

WORKDIR /src

# The locks come before the sources: a change of code leaves these layers as they are.
COPY requirements/build.lock requirements/runtime.lock requirements/
RUN python -m venv --without-pip /opt/leh-guardian/.venv \
 && python -m pip install --require-hashes --only-binary :all: -r requirements/build.lock \
 && python -m pip --python /opt/leh-guardian/.venv/bin/python install --require-hashes --only-binary :all: -r requirements/runtime.lock

# --no-deps and --no-build-isolation: whatever was not in the locks above cannot come in here.
COPY pyproject.toml README.md ./
COPY leh_guardian leh_guardian
RUN python -m pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
 && python -m pip --python /opt/leh-guardian/.venv/bin/python install --no-deps --no-index /wheels/*.whl


FROM python:3.12-slim

ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="leh-guardian" \
      org.opencontainers.image.description="Carries out the operations runbook of the Legal Evidence Hub" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

# The environment keeps the path at which it was made: its scripts name their interpreter by it.
COPY --from=build /opt/leh-guardian /opt/leh-guardian
COPY rules /etc/leh-guardian/rules

# No .pyc at run time: the file system can be mounted read-only. Thread stacks are printed on a fatal signal.
ENV PATH=/opt/leh-guardian/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONFAULTHANDLER=1 \
    PYTHONUNBUFFERED=1 \
    LEH_RULES__DIR=/etc/leh-guardian/rules

# By number, so that Kubernetes can see it is not root. It owns no file of the image.
USER 10001:10001
WORKDIR /tmp

# Liveness, not readiness: an outage of PostgreSQL or SQS must not restart every container. Without the proxies
# of the environment, which would otherwise be asked for 127.0.0.1. No EXPOSE: the server binds loopback unless
# LEH_HTTP__BIND says otherwise, and then 0.0.0.0 still answers here.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-I", "-c", "import os, urllib.request as u; u.build_opener(u.ProxyHandler({})).open('http://127.0.0.1:' + (os.environ.get('LEH_HTTP__PORT') or '8080') + '/livez', timeout=4)"]

STOPSIGNAL SIGTERM
ENTRYPOINT ["leh-guardian"]
CMD ["run"]
