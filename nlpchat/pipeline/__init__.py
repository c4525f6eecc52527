"""A pipeline file -> its steps, run in order, and a lock: `run_pipeline(read_pipeline(path, ...))`."""

from nlpchat.pipeline.checking import faults_of
from nlpchat.pipeline.places import Places
from nlpchat.pipeline.reading import read_pipeline
from nlpchat.pipeline.running import run_pipeline
from nlpchat.pipeline.steps import Ask, Pipeline, Step
from nlpchat.pipeline.words import Words, understood

__all__ = ["Ask", "Pipeline", "Places", "Step", "Words", "faults_of", "read_pipeline", "run_pipeline", "understood"]
