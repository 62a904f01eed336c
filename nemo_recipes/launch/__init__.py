"""Recipes on clusters: an sbatch script to hand to Slurm as it is, and a launcher for NeMo-Run."""
