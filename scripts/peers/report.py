"""Markdown tables of medians."""

import statistics


class Column:
    """A measured quantity: the key of its samples, its heading, and whether more of it is better."""

    def __init__(self, key, heading, more_is_better=False):
        self.key = key
        self.heading = heading
        self.more_is_better = more_is_better


def median(contender, column):
    samples = contender.samples.get(column.key)
    return statistics.median(samples) if samples else None


def figure(value):
    """Three significant digits, thousands apart: 4.72, 23.5, 156 000."""
    if value >= 100:
        digits = len(str(int(value)))
        return f"{round(value, 3 - digits):,.0f}".replace(",", " ")
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def table(heading, columns, contenders, cell):
    """A table with one row a contender; `cell(contender, column)` is the text of a cell."""
    lines = ["| " + " | ".join([heading] + [column.heading for column in columns]) + " |"]
    lines.append("|---|" + "---:|" * len(columns))
    for contender in contenders:
        lines.append("| " + " | ".join([contender.row] + [cell(contender, column) for column in columns]) + " |")
    return "\n".join(lines)


def absolute(heading, columns, contenders):
    def cell(contender, column):
        value = median(contender, column)
        if value is not None and contender.is_timed(column.key):
            return figure(value)
        return "-" if contender.is_timed(column.key) else "failed"

    return table(heading, columns, contenders, cell)


def ratios(columns, contenders):
    """Each figure divided by that of the best peer in its column, and in brackets by the floor's. None without those."""

    def reference(column, chosen):
        values = [median(contender, column) for contender in contenders if chosen(contender.server)]
        return (max if column.more_is_better else min)((value for value in values if value), default=None)

    best = {column.key: reference(column, lambda server: server.is_peer) for column in columns}
    floor = {column.key: reference(column, lambda server: server.name == "floor") for column in columns}
    if len(contenders) < 2 or not any([*best.values(), *floor.values()]):
        return None

    def cell(contender, column):
        value = median(contender, column)
        if value is None:
            return "-"
        to_best = f"{value / best[column.key]:.2f}" if best[column.key] else "-"
        to_floor = f" ({value / floor[column.key]:.2f})" if floor[column.key] else ""
        return to_best + to_floor

    heading = "ratio to the best peer" + (" (to the floor)" if any(floor.values()) else "")
    return table(heading, columns, contenders, cell)


def spread(columns, contenders):
    """A sentence on how far the rounds lie apart, or None after a single round."""
    spreads = []
    for contender in contenders:
        for column in columns:
            samples = contender.samples.get(column.key, ())
            if len(samples) > 1:
                apart = (max(samples) - min(samples)) / statistics.median(samples)
                spreads.append((apart, f"{contender.server.name}, {column.heading}"))
    if not spreads:
        return None
    middle = statistics.median(apart for apart, _ in spreads)
    worst, where = max(spreads)
    return (
        f"From the lowest to the highest round is {middle:.0%} of the median in the middle of all cells, "
        f"and {worst:.0%} at most ({where})."
    )


def failures(contenders):
    """What could not be measured, and why: one line each."""
    lines = []
    for contender in contenders:
        if contender.broken:
            lines.append(f"- {contender.server.name}: failed: {contender.broken}")
        for reason in dict.fromkeys(contender.failures.values()):
            lines.append(f"- {contender.server.name}: failed: {reason}")
    return lines
