"""Derivation of the boron-nitrogen chains' parameters: DFT jobs, and the fit from their committed results."""
