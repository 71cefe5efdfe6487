"""Figures of the course: how they are drawn, stored, and compared by what they show."""

from .store import FIGURES, manifest, recorded, save_figure, stored, stored_state

__all__ = ["FIGURES", "manifest", "recorded", "save_figure", "stored", "stored_state"]
