"""Robustness over boxes of inputs: interval proofs, certificates and their independent checker, certified accuracy."""

from fpsem.verify.accuracy import CertifiedAccuracy, certified_accuracy
from fpsem.verify.box import input_box
from fpsem.verify.certificate import Certificate
from fpsem.verify.checker import check
from fpsem.verify.robustness import certify, robustness

__all__ = [
    "Certificate",
    "CertifiedAccuracy",
    "certified_accuracy",
    "certify",
    "check",
    "input_box",
    "robustness",
]
