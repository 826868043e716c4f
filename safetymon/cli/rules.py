"""Commands about rules before they decide: boundary, replay, simulate."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import typer

from safetymon.cli.common import StudyFile, actor, app, card_lines
from safetymon.errors import UsageError


@app.command()
def boundary(
    background: Annotated[float, typer.Option(help="Acceptable risk, between 0 and 1.")],
    planned: Annotated[int, typer.Option(help="Subjects to be treated in all.")],
    alpha: Annotated[float, typer.Option(help="False-signal probability over the trial.")] = 0.05,
    spending: Annotated[
        Literal["pocock", "linear", "obrien-fleming"], typer.Option(help="How alpha is spent.")
    ] = "pocock",
    rates: Annotated[
        str, typer.Option(metavar="P,P,…", help="True rates to show the power at.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print a single-arm stopping boundary, its exact false-signal probability and its power."""
    from safetymon import plan

    made = plan.boundary_plan(background, planned, alpha, spending, _rates(rates))
    if as_json:
        print(json.dumps(made))
        return
    print(f"Signal at or above the number of subjects with an event (background {background:g}):")
    for first, last, stop_at in plan.steps(made["boundary"]):
        print(f"  n {first:>5} to {last:>5}: {stop_at}")
    print(f"False-signal probability over the whole trial: {made['false_signal']:.4f}")
    for row in made["power"]:
        mean = f"{row['mean_subjects']:.1f} subjects on average"
        print(f"  true rate {row['rate']:.4f}: power {row['power']:.4f}, {mean}")


def _rates(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise UsageError(f"--rates {text}: is not a list of numbers such as 0.01,0.02") from None


@app.command()
def replay(
    study: StudyFile,
    every: Annotated[
        Literal["day", "week", "month"], typer.Option(help="How often looks are made.")
    ] = "week",
) -> None:
    """Re-enact the trial: say at which look each signal would first have been raised (closed)."""
    from safetymon import rehearsal

    print(f"CLOSED: by treatment. Looks every {every}; a signal is named by its first look.")
    rows, dated = rehearsal.replayed(study, every, datetime.now(UTC))
    for row in rows.to_dicts():
        print(_replayed(row))
    if dated:
        print(f"{dated} records are dated by their onset; the monitor may have seen them later")


def _replayed(row: dict[str, Any]) -> str:
    if row["look"] is None:
        return f"- {row['rule']}: no signal at any look. {row['text']}"
    return f"- {row['rule']}: look {row['look']}, {row['date']:%d %b %Y}. {row['text']}"


@app.command()
def simulate(
    study: StudyFile,
    trials: Annotated[int, typer.Option(help="Trials for each rule and harm.")] = 1000,
    seed: Annotated[int, typer.Option(help="Same seed, same cards.")] = 1,
) -> None:
    """Simulate the study's own design: what does each rule do over a whole trial? (closed)."""
    from safetymon import rehearsal

    made = rehearsal.simulated(study, trials, seed, datetime.now(UTC), actor())
    for line in card_lines(made):
        print(line)
    print(
        "Kept; the next look at new data under these definitions shows them; until then "
        "`safetymon signals show`."
    )
