"""Cases on a person's screen. All text of alerts is an outsider's: shown unobeyed, addresses defanged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.find_case import short
from cli.visible import visible
from shared.contracts.action import HARMLESS
from shared.contracts.defang import defanged
from shared.contracts.entity import CATEGORIES

Json = Mapping[str, Any]

SEVERITIES = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "", "informational": "dim"}
VERDICTS = {"true_positive": "red", "false_positive": "green", "benign_true_positive": "green"}
WAITING = {
    "received": "its indicators, from a model",
    "parsing": "its indicators, from a model",
    "enriching": "what is known about its entities",
    "reasoning": "the model's verdict",
    "awaiting_human": "a person",
    "responding": "its actions",
}
LONGEST = 300  # characters of a text of the alert


def case_table(items: Sequence[Json]) -> Table:
    """A line a case, the newest first."""
    table = Table("case", "age", "severity", "verdict", "state", "alert", box=None, header_style="bold")
    for item in items:
        severity = Text(item["severity"], style=SEVERITIES.get(item["severity"], ""))
        table.add_row(
            short(dict(item)),
            age(item["created_at"]),
            severity,
            verdict(item),
            stands(item),
            shown(item["alert_title"], limit=80),
        )
    return table


def case_line(item: Json) -> Text:
    """The same in a line that stands alone."""
    parts = [Text(short(dict(item))), Text(f"{item['severity']:13}"), verdict(item), stands(item)]
    return Text("  ").join([*parts, shown(item["alert_title"], limit=80)])


def verdict(item: Json) -> Text:
    """What it turned out to be; a person's word comes first, and the machine's beside it."""
    said = item["classification"]
    machine = f"{_words(said)} {item['confidence']:.2f}" if said else "no verdict yet"
    text = Text(machine, style=VERDICTS.get(said or "", "dim" if not said else "yellow"))
    return Text(f"{_words(item['disposition'])}, said a person; ") + text if item["disposition"] else text


def stands(item: Json) -> Text:
    """State and outcome, and what an open case waits for since when."""
    waits = WAITING.get(item["state"])
    if waits:
        return Text(f"{_words(item['state'])}: waits {age(item['updated_at'])} for {waits}")
    outcome = f": {_words(item['outcome'])}" if item["outcome"] and item["outcome"] != item["state"] else ""
    return Text(f"{_words(item['state'])}{outcome}")


def print_case(console: Console, case: Json, records: Sequence[Json] | None) -> None:
    """The case whole, and what to do next."""
    known = [item["value"] for item in case["graph_state"]["ioc_matches"] if "reputation" in item]
    for part in _parts(_all_defanged(case, known)):
        console.print(part, soft_wrap=isinstance(part, Text))
    if records is None:
        console.print("[bold]Audit[/]\n  Your roles do not read audit records.")
    else:
        kinds = Counter(record["event_type"] for record in records)
        counted = ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
        console.print(Text("Audit\n", style="bold") + Text(f"  {len(records)} records: {counted}", style="not bold"))
    console.print(Text(f"Next: {_next(case)}", style="dim"), soft_wrap=True)


def age(moment: str) -> str:
    """How long ago, in one unit."""
    seconds = max(0, int((datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds()))
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def shown(text: str, *, limit: int = LONGEST) -> Text:
    """A text of an outsider."""
    return visible(defanged(text), limit=limit)


def _all_defanged(value: Any, names: Sequence[str]) -> Any:
    """Every text of a JSON value defanged."""
    if isinstance(value, str):
        return defanged(value, names)
    if isinstance(value, list):
        return [_all_defanged(item, names) for item in value]
    return {name: _all_defanged(item, names) for name, item in value.items()} if isinstance(value, dict) else value


def _parts(case: Json) -> Iterator[Text | Table]:
    state = case["graph_state"]
    facts = state["case_facts"]
    yield shown(case["alert_title"]) + Text(f"  ({case['source']}, severity {case['severity']})", style="dim")
    yield Text(f"case {case['investigation_id']}, alert {case['alert_id']}", style="dim")
    item = {**case, "classification": state["classification"], "confidence": state["confidence"]}
    item |= {"outcome": state["outcome"], "disposition": facts.get("disposition", "")}
    made_by = " (simulated model)" if state["model_provider"] == "simulated" else ""
    yield _line("verdict", verdict(item) + Text(f", severity {state['severity'] or 'not set'}{made_by}"))
    yield _line("state", stands(item) + Text(_degraded(state), style="yellow"))
    if incident := case["incident"]:
        yield _line("incident", Text(f"{incident['incident_id']}, {incident['alerts']} alert(s)"))
    yield from _why(facts, state)
    yield from _warnings(facts)
    yield from _evidence(state)
    yield from _actions(case)
    yield from _people(case)


def _degraded(state: Json) -> str:
    level = state["degradation_level"]
    return "" if level == "full_capability" else f", {_words(level)}"


def _line(name: str, text: Text) -> Text:
    return Text(f"  {name:10}", style="dim") + text


def _why(facts: Json, state: Json) -> Iterator[Text]:
    yield Text("Why", style="bold")
    why = facts.get("why") or {}
    for title, claims in (("for", why.get("speaks_for", [])), ("against", why.get("speaks_against", []))):
        for claim in claims:
            quote = Text(' "') + shown(claim["quote"]) + Text('"') if claim["quote"] else Text()
            source = Text(f" ({claim['source']})" if claim["source"] else "", style="dim")
            yield _line(title, shown(claim["claim"]) + quote + source)
    for missing in why.get("missing", []):
        yield _line("missing", shown(missing))
    decided = [line for line in state["decision_chain"] if line["step"] in {"judge", "check_false_positive", "fail"}]
    if decided:
        yield _line("decided", shown(decided[-1]["reasoning"]))


def _warnings(facts: Json) -> Iterator[Text]:
    """What in the alert or in the model's answers is out of order: analysts see it, not only auditors."""
    risk = facts.get("injection_risk", "")
    found = [f"text of the alert carries orders to a model (risk {risk})"] if risk not in {"", "none"} else []
    found += [f"the model's answer: {flag}" for flag in facts.get("answer_flags", [])]
    found += [f"technique {name} is in no taxonomy" for name in facts.get("quarantined_ids", [])]
    found += [f"of the alert: {flag}" for flag in facts.get("flags", [])]
    found += [facts[name] for name in ("model_refusal", "error") if facts.get(name)]
    if found:
        yield Text("Watch out", style="bold yellow")
    for text in found:
        yield Text("  ") + shown(text)


def _evidence(state: Json) -> Iterator[Text | Table]:
    yield Text("Evidence", style="bold")
    table = Table("", "", box=None, show_header=False, padding=(0, 2, 0, 0))
    known = [item["value"] for item in state["ioc_matches"] if "reputation" in item]
    for category in CATEGORIES:
        values = list(dict.fromkeys(entity["primary_value"] for entity in state["entities"].get(category, [])))
        if values:
            table.add_row(f"  {_words(category)}", shown(", ".join(values)))
    for value in known:
        table.add_row("  known", shown(f"{value}, to threat intelligence"))
    if state["techniques"] or state["atlas_techniques"]:
        ids = [*state["techniques"], *(item["technique_id"] for item in state["atlas_techniques"])]
        table.add_row("  techniques", shown(", ".join(dict.fromkeys(ids))))
    if by_words := state["case_facts"].get("similar_techniques"):
        table.add_row("  speaks of", shown(", ".join(by_words)))
    for answer in state["log_answers"]:
        rows = answer["problem"] or f"{len(answer['rows'])} row(s)"
        table.add_row("  logs", shown(f"{answer['question']}: {rows}"))
    table.add_row(
        "  context",
        Text(
            f"risk {_words(state['risk_state'])}; {len(state['similar_incidents'])} similar "
            f"incidents, {len(state['ctem_exposures'])} exposures"
        ),
    )
    yield table


def _actions(case: Json) -> Iterator[Text]:
    done = {action["action_id"]: action for action in case["actions"]}
    proposed = case["graph_state"]["recommended_actions"]
    if not proposed and not done:
        return
    yield Text("Actions", style="bold")
    ids = {f"{case['investigation_id']}:{place}": action for place, action in enumerate(proposed)}
    for action_id, action in ids.items():
        if action_id not in done:
            yield Text("  not carried out  ", style="dim") + named(action)
    for action_id, action in done.items():
        status = _words(action["status"])
        by = f", approved by {action['approved_by']}" if action["approved_by"] else ""
        yield Text(f"  {status:15}  ", style="dim") + named(action) + Text(f"{by}  {action_id}", style="dim")


def named(action: Json) -> Text:
    """An action with its target; that of a harmless one is the alert itself."""
    name = _words(action["action"])
    return Text(name) if action["action"] in HARMLESS else Text(f"{name} ") + shown(action["target"])


def _people(case: Json) -> Iterator[Text]:
    if case["approvals"] or case["dispositions"]:
        yield Text("People", style="bold")
    for approval in case["approvals"]:
        yield from _approval(approval)
    for said in case["dispositions"]:
        words = f"{_words(said['disposition'])} ({_words(said['reason'])}), said {said['decided_by']}"
        yield Text("  ") + shown(words) + (Text(": ") + shown(said["comment"]) if said["comment"] else Text())


def _approval(approval: Json) -> Iterator[Text]:
    if approval["status"] != "pending":
        who = f" by {approval['decided_by']}" if approval["decided_by"] else ""
        comment = Text(": ") + shown(approval["comment"]) if approval["comment"] else Text()
        yield Text(f"  {_words(approval['status'])}{who}") + comment
        return
    asks = "actions" if approval["asks_for"] == "actions" else "a disposition: there is nothing to approve"
    waited, until = age(approval["requested_at"]), approval["expires_at"][:16].replace("T", " ")
    yield Text(f"  asks for {asks}, for {waited}, until {until} UTC. ", style="yellow") + shown(approval["reason"])
    if approval["first_granted_by"]:
        said = f"    granted by {approval['first_granted_by']}; a second person must grant the same"
        yield Text(said, style="yellow")
    for place, action in enumerate(approval["actions"]):
        why = approval["protected"].get(action["target"], "")
        note = Text(f"  protected: {why}; takes two people", style="yellow") if why else Text()
        consequence = Text("  ") + shown(action["consequence"]) if action["consequence"] else Text()
        yield Text(f"    {place}  ") + named(action) + note + consequence


def _next(case: Json) -> str:
    pending = [approval for approval in case["approvals"] if approval["status"] == "pending"]
    name = short(dict(case))
    if not pending:
        ended = case["state"] in {"closed", "failed"}
        return f"`aluskort evidence {name} -o FILE`" + (
            f", `aluskort disposition {name} ...` to correct it" if ended else ""
        )
    if pending[-1]["asks_for"] == "disposition":
        return f"`aluskort disposition {name} true_positive|benign_true_positive|false_positive|undetermined|escalate`"
    return f"`aluskort approve {name} [--only NUMBER]...`, `aluskort deny {name}`"


def _words(name: str) -> str:
    return name.replace("_", " ")
