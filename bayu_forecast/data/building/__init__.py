"""Builds the region folders from the published figures kept beside it; run by ``python -m bayu_forecast.data.build``.

Floor F3 (data). It knows the figures and their release rules; it must never know a model.
"""
