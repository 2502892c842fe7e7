# The warehouse's code and its locked packages; compose.yaml says what runs of it.
FROM python:3.11-slim-bookworm
WORKDIR /warehouse
# pg_dump of the server's own release, for backups.
RUN apt-get update && apt-get install --yes --no-install-recommends postgresql-client \
    && rm -rf /var/lib/apt/lists/*
COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes --no-deps --requirement requirements.lock
COPY . .
RUN pip install --no-cache-dir --no-index --no-deps --no-build-isolation --editable .
