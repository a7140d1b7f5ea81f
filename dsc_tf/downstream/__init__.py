"""Downstream evaluation of representations: probes, tasks and their tables."""
