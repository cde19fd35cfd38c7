"""The manifests, rendered as `kubectl apply -k` renders them, without a cluster."""
