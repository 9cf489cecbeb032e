"""Labelled openings of calls we place, and how well and how soon it is known who answers."""
