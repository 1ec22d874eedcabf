# azsec with its library, from this clone: docker build -t azsec .
#
# Every package comes from runtime.lock, by its hash. To pin the base image too, build with
# --build-arg PYTHON=python:3.13-slim@sha256:... of the image that you have looked at.
ARG PYTHON=python:3.13-slim
FROM ${PYTHON}

# git and ssh fetch modules from git (docs/library.md).
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates git openssh-client \
    && rm -rf /var/lib/apt/lists/*

COPY runtime.lock /opt/azsec/source/
COPY ci/install /opt/azsec/source/ci/
COPY provisioner /opt/azsec/source/provisioner
COPY blueprints /opt/azsec/source/blueprints
COPY LICENSE /opt/azsec/source/

RUN bash /opt/azsec/source/ci/install /opt/azsec/venv \
    && /opt/azsec/venv/bin/python -m compileall -q /opt/azsec/source/provisioner \
    && ln -s /opt/azsec/venv/bin/azsec /usr/local/bin/azsec \
    && useradd --uid 10001 --create-home azsec \
    && install --directory --mode 1777 /var/cache/azsec \
    && install --directory --owner azsec /work

# Writable for any user: who mounts a folder runs as its owner (--user "$(id -u)").
ENV AZSEC_CACHE=/var/cache/azsec

USER 10001
WORKDIR /work
ENTRYPOINT ["azsec"]
CMD ["--help"]
