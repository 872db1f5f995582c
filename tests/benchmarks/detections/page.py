"""stub"""

from rich.table import Table
from local.telemetry.attacks.attack import Strength


def show(scores, screen):
    t = Table(
        "rule", "signal", *[f"recall {s}" for s in Strength], *[f"h {s}" for s in Strength], "precision", "false/day"
    )
    for (r, d), m in sorted(scores.by_signal.items(), key=lambda i: (i[0][0], not i[0][1])):
        t.add_row(
            r[-3:],
            "doc" if d else "rec",
            *[f"{m.found[s]}/{m.planned[s]}" for s in Strength],
            *[str(m.time_to_detect(s))[:5] for s in Strength],
            str(m.precision)[:5],
            f"{m.false_a_day:.3f}",
        )
    screen.print(t)
    for d in (True, False):
        screen.print(
            "crossed", d, scores.crossed_share(documented=d), {k[:2]: v for k, v in scores.crossed.items() if k[2] == d}
        )


def write(scores, days): ...
