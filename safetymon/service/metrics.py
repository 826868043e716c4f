"""`/metrics`: how the service stands, in the text format of Prometheus.

Nothing here differs by treatment or by whether a signal exists. This is the only module that
imports prometheus-client, an optional extra; `health` imports it where a port is configured.
"""

from collections.abc import Iterable
from datetime import datetime

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily as Counter
from prometheus_client.core import GaugeMetricFamily as Gauge
from prometheus_client.core import Metric

from safetymon.service.state import State


class Metrics:
    """The metrics of one service, on a registry of their own, read from `state` at each scrape."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)  # memory and open files of the service itself

    def text(self) -> bytes:
        """The exposition, UTF-8."""
        return generate_latest(self._registry)

    def collect(self) -> Iterable[Metric]:
        """The metric families, for prometheus-client."""
        yield from self._service()
        yield from self._studies()

    def describe(self) -> Iterable[Metric]:
        """Nothing is measured to register."""
        return ()

    def _service(self) -> Iterable[Metric]:
        yield Gauge("safetymon_last_tick_timestamp_seconds",
                    "When the service last saw to what was due.",
                    value=_seconds(self._state.last_tick))  # fmt: skip
        yield Gauge("safetymon_operations_notices_waiting",
                    "Notices for operations not yet delivered.",
                    value=self._state.waiting())  # fmt: skip

    def _studies(self) -> Iterable[Metric]:
        of = ["study"]
        looks = Counter("safetymon_looks", "Due looks by outcome since the start of the service.",
                        labels=["study", "outcome"])  # fmt: skip
        last = Gauge("safetymon_last_due_timestamp_seconds",
                     "The last due time served; 0 before the first.", labels=of)  # fmt: skip
        after = Gauge("safetymon_next_due_timestamp_seconds",
                      "When the next look is due; 0 without a schedule.", labels=of)  # fmt: skip
        well = Gauge("safetymon_study_ok", "1, or 0 after a failed look or stale data.", labels=of)
        for study, standing in self._state.studies.items():
            for outcome, count in standing.counts.items():
                looks.add_metric([study, outcome], count)
            last.add_metric([study], _seconds(standing.last_due))
            after.add_metric([study], _seconds(standing.next_due))
            well.add_metric([study], standing.word == "ok")
        return looks, last, after, well


def _seconds(when: datetime | None) -> float:
    return when.timestamp() if when else 0.0
