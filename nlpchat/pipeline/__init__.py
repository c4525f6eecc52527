"""A pipeline file -> its steps, run in order, and a lock: `run_pipeline(read_pipeline(path, ...))`."""

from nlpchat.pipeline.running import run_pipeline
from nlpchat.pipeline.steps import Pipeline, Places, Step, read_pipeline

__all__ = ["Pipeline", "Places", "Step", "read_pipeline", "run_pipeline"]
