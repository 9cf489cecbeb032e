"""Embedded models: what (`manifest.toml`), where they lie (`store`), how they get there (`fetch`)."""

from __future__ import annotations

from antiphon.providers.local.models.manifest import Model, known_names, load_manifest, select
from antiphon.providers.local.models.store import broken_model, is_installed, model_dir, models_root, verify

__all__ = [
    "Model",
    "broken_model",
    "is_installed",
    "known_names",
    "load_manifest",
    "model_dir",
    "models_root",
    "select",
    "verify",
]
