# The function and what serving it needs, and nothing else. Builds with and without BuildKit:
#   docker build --tag rain-tomorrow .
ARG BASE=python:3.11-slim-bookworm

# What pip installs, checked by hash.
FROM ${BASE} AS packages
# joblib: the scikit-learn originals instead of the ONNX graphs; see docs/container.md.
ARG MODEL_FORMAT=onnx
WORKDIR /build
COPY function/requirements.txt function/
COPY scripts/requirements.txt scripts/
RUN python3 -m venv venv \
    && case "$MODEL_FORMAT" in onnx) lock=function ;; joblib) lock=scripts ;; \
        *) echo "MODEL_FORMAT is onnx or joblib." >&2; exit 1 ;; esac \
    && venv/bin/pip install --quiet --no-cache-dir --no-compile --no-deps --require-hashes \
        --target /packages --requirement "$lock/requirements.txt" \
    # What only other uses of the packages need: tests, headers, type stubs, the C library of
    # ONNX Runtime for programs in C, and its tools for training and converting.
    && find /packages -depth -type d \( -name tests -o -name include -o -name _examples \) \
        -exec rm -r {} + \
    && find /packages -type f -regex ".*\.\(pyi\|pyx\|pxd\|c\|h\|a\|lib\)" -delete \
    && rm -r /packages/bin /packages/onnxruntime/capi/libonnxruntime.so.* \
        /packages/onnxruntime/transformers /packages/onnxruntime/tools \
        /packages/onnxruntime/quantization /packages/onnxruntime/datasets \
    # Hashes instead of times, and no time to rewrite them: the same bytes at every build.
    && python3 -m compileall -q -j 0 --invalidation-mode unchecked-hash /packages

# What was learned.
FROM ${BASE} AS data
ARG MODEL_FORMAT=onnx
WORKDIR /app
COPY LICENSE .
COPY data data
# Readable by all, whatever the modes were where it was checked out.
RUN chmod -R u=rwX,go=rX . && { [ "$MODEL_FORMAT" = joblib ] || rm data/models/*.joblib; }

# The function, byte-compiled.
FROM ${BASE} AS code
WORKDIR /app
COPY function function
RUN rm function/requirements.txt && chmod -R u=rwX,go=rX function \
    && python3 -m compileall -q --invalidation-mode unchecked-hash function

FROM ${BASE}
ARG MODEL_FORMAT=onnx
LABEL org.opencontainers.image.title="rain-tomorrow" \
    org.opencontainers.image.description="A serverless function that answers: will it rain tomorrow in this Australian town?" \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.version="1.0.0"
# Nothing installs anything here. The official image comes without its library's byte code, which
# would cost every start a third of a second.
RUN rm -rf /usr/local/bin/pip* /usr/local/lib/python3*/ensurepip \
        /usr/local/lib/python3*/site-packages/* /usr/lib/python3*/ensurepip \
        /usr/lib/python3/dist-packages/* /usr/share/python-wheels ~/.cache \
    && python3 -m compileall -q -j 0 --invalidation-mode unchecked-hash \
        -x "/(distutils|ensurepip|idlelib|lib2to3|pydoc_data|site-packages|tests?|tkinter|turtledemo|unittest)/" \
        "$(python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')"
COPY --from=packages /packages /packages
WORKDIR /app
COPY --from=data /app /app
ENV PYTHONPATH=/app:/packages \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    ORT_DISABLE_TELEMETRY=1 \
    # Each thread would keep what it frees, up to 0.2 MB, and fill that slowly.
    GLIBC_TUNABLES=glibc.malloc.tcache_count=0 \
    MODEL_FORMAT=${MODEL_FORMAT}
USER 65532:65532
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=4s --start-period=10s CMD ["python3", "-m", "function.health"]
ENTRYPOINT ["python3", "-m", "function.serve"]
COPY --from=code /app/function function
ARG REVISION=unknown
LABEL org.opencontainers.image.revision="${REVISION}"
