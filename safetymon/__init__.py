"""safetymon: the safety signal monitor for a clinical trial's safety monitoring board."""

__version__ = "0.2.1"
