"""Clients of the zen-lead api."""
