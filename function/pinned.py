"""Checksum of the project's own registry, and with it of all that was learned.

Written by `scripts/train`.
"""

from typing import Final

REGISTRY_SHA256: Final = "ab3f5c80a6bd4488912376382d795049846be06cf2b0d2e0db2ddeac57eec5b6"
