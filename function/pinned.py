"""Checksum of the project's own registry, and with it of all that was learned.

Written by `scripts/train`.
"""

from typing import Final

REGISTRY_SHA256: Final = "d49556106155a0b6baffc108956f34054e0b89c41f6480fd15534308e4b3646a"
