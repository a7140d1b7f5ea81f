"""Keras layers of our own, one a file, written on `keras.ops` alone."""

from .clustering import ClusteringLayer

__all__ = ["ClusteringLayer"]
