"""The numbers: what is counted, and that nobody can be read out of them."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable

import pytest

from nlpchat.serve import jobs
from tests.serve.served import WHATSAPP, Served


def numbers(served: Served) -> dict[str, float]:
    lines = [line for line in served.get("/metrics").text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_requests_texts_and_jobs_are_counted(serve: Callable[..., Served], monkeypatch: pytest.MonkeyPatch) -> None:
    held = threading.Event()
    monkeypatch.setattr(jobs, "report_of", lambda *_: str(held.wait(20)))
    served = serve()
    served.classify({"texts": ["c'est génial", "c'est nul"]})
    served.classify({"texts": 1})
    page = served.open()
    job = served.job(page, [("Zoé et Léo.txt", WHATSAPP)])
    served.until(job, "reporting")
    found = numbers(served)
    assert found["nlpchat_jobs_running"] == 1
    assert found["nlpchat_texts_classified_total"] == 2 + 15
    assert found['nlpchat_requests_total{method="POST",route="/v1/classify",status="200"}'] == 1
    assert found['nlpchat_requests_total{method="POST",route="/v1/classify",status="422"}'] == 1
    assert found['nlpchat_requests_total{method="POST",route="/pages/{page}/jobs",status="202"}'] == 1
    assert found['nlpchat_request_seconds_count{route="/v1/classify"}'] == 2
    held.set()
    served.until(job, "done")
    assert numbers(served)["nlpchat_jobs_running"] == 0
    text = served.get("/metrics").text
    for secret in (page, job.rpartition("/")[2], "Zoé", "Zo\\u00e9", "génial", "127.0.0.1", str(served.app.pages.root)):
        assert secret not in text


def test_made_up_paths_and_methods_are_one_series(serve: Callable[..., Served]) -> None:
    served = serve()
    for i in range(5):
        served.get(f"/nowhere/{i}")
        served.session.request(f"MADEUP{i}", f"{served.url}/healthz", timeout=10)
    served.get("/pages/a/jobs/b")
    served.get("/pages/c/jobs/d")
    routes = set(re.findall(r'nlpchat_requests_total\{method="(\w+)",route="([^"]+)"', served.get("/metrics").text))
    assert routes == {("GET", "other"), ("other", "/healthz"), ("GET", "/pages/{page}/jobs/{job}")}


def test_two_servers_count_apart(serve: Callable[..., Served]) -> None:
    one, other = serve(), serve()
    one.classify({"texts": ["a"]})
    assert numbers(one)["nlpchat_texts_classified_total"] == 1
    assert numbers(other)["nlpchat_texts_classified_total"] == 0
