"""Countermand: order an app off every phone that reads company mail, and be able to take the order back."""

__version__ = "0.1.0"
