"""What an operator does with dead letters: survey the topics, read one, send them back."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from cli.dead_letters import screen
from cli.dead_letters.entry import Entry, Position
from cli.dead_letters.replay import Replayer, destination
from cli.dead_letters.topic import Survey, dead_letter_topics, opened
from cli.visible import visible, visible_bytes
from shared.bus.dead_letters import Original
from shared.bus.producer import KafkaProducer
from shared.errors import InvalidInput, NotFound
from shared.settings import KafkaSecurity


@dataclass(frozen=True, slots=True)
class Replayed:
    """Positions of what was sent back and of what was not; ``complete`` unless one that was asked for was not sent."""

    sent: list[str]
    left: list[str]
    complete: bool


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """The dead letters on these brokers, shown on a console; those of an event hub go back over ``hub_connection``."""

    console: Console
    brokers: str
    security: KafkaSecurity
    hub_connection: str

    async def show_topics(self, *, as_json: bool) -> None:
        """Count the dead letters on every topic."""
        surveys = {name: await self._survey(name) for name in dead_letter_topics()}
        if as_json:
            self._print_json({name: survey.total for name, survey in surveys.items()})
            return
        self.console.print(screen.overview(surveys))
        self.console.print("`aluskort dlq list TOPIC` lists those on one topic.", style="dim")

    async def show_entries(self, name: str, *, limit: int, as_json: bool) -> None:
        """List the newest dead letters of one topic, newest last."""
        survey = await self._survey(name)
        found = survey.entries[-limit:]
        if as_json:
            self._print_json([entry.as_json() for entry in found])
            return
        if found:
            self.console.print(screen.entries(found))
        older = survey.total - len(found)
        self.console.print(
            f"{name} has {survey.total:,} dead letter{'' if survey.total == 1 else 's'}"
            + (f"; the {older:,} older ones are not shown (--limit)." if older else "."),
            style="dim",
        )

    async def show_entry(self, name: str, position: Position, *, as_json: bool) -> None:
        """Show everything about one dead letter, its bytes last."""
        async with opened(self.brokers, self.security, name) as topic:
            (entry,) = (await topic.survey([position])).entries
            facts, original = await topic.read(entry)
        if as_json:
            value = base64.b64encode(original.value).decode()
            self._print_json({**entry.as_json(), "reason": facts.reason if facts else "", "value_base64": value})
            return
        self.console.print(f"[bold]{entry.position}[/] of {name}")
        self.console.print(screen.details(entry, facts, original))
        self.console.print()
        self.console.print(visible_bytes(original.value) or Text("(empty)", style="dim"), soft_wrap=True)

    async def original(self, name: str, position: Position) -> Original:
        """The original message of one dead letter."""
        async with opened(self.brokers, self.security, name) as topic:
            (entry,) = (await topic.survey([position])).entries
            return (await topic.read(entry))[1]

    async def replay(
        self, name: str, positions: Sequence[Position], *, again: bool, dry_run: bool, agreed: Callable[[int], bool]
    ) -> Replayed:
        """Send dead letters back, all of them if there are no ``positions``; ``agreed`` is called with their number.

        Says what was sent where.
        """
        producer = KafkaProducer(self.brokers, self.security)
        try:
            async with opened(self.brokers, self.security, name) as topic:
                survey = await topic.survey(positions)
                self._say_what_was_left_out(survey, name)
                ready = [entry for entry in survey.entries if self._may_go(entry, again=again)]
                everything = [str(entry.position) for entry in survey.entries]
                if dry_run or not ready:
                    self.console.print("Nothing was sent." if ready else "There is nothing to send.")
                    return Replayed([], everything, complete=bool(ready) or not positions)
                if not agreed(len(ready)):
                    self.console.print("Nothing was sent.")
                    return Replayed([], everything, complete=False)
                replayer = Replayer(topic, producer, self.hub_connection)
                sent = [str(entry.position) for entry in ready if await self._send(replayer, entry)]
        finally:
            await producer.close()
        left = [position for position in everything if position not in sent]
        self.console.print(f"{len(sent)} sent, {len(left)} failed.")
        return Replayed(sent, left, complete=len(sent) == len(ready) and (not left or not positions))

    async def _survey(self, name: str) -> Survey:
        async with opened(self.brokers, self.security, name) as topic:
            return await topic.survey()

    def _say_what_was_left_out(self, survey: Survey, name: str) -> None:
        if survey.total > len(survey.entries):
            older = survey.total - len(survey.entries)
            self.console.print(f"The {older:,} oldest dead letters of {name} are left out: name them by position.")

    def _may_go(self, entry: Entry, *, again: bool) -> bool:
        """Say what would happen to one dead letter, and whether it would be sent."""
        try:
            target = destination(entry)
        except NotFound as error:
            self._say(entry, f"cannot be sent back. {error}", style="red")
            return False
        if entry.marks and not again:
            last = entry.marks[-1]
            self._say(entry, f"was sent back at {last.replayed_at} by {last.replayed_by}; --again sends it once more")
            return False
        self._say(entry, f"to {target}, {entry.size:,} bytes")
        return True

    async def _send(self, replayer: Replayer, entry: Entry) -> bool:
        try:
            target = await replayer.replay(entry)
        except InvalidInput as error:
            self._say(entry, f"not sent: {error}", style="red")
            return False
        self._say(entry, f"sent to {target}", style="green")
        return True

    def _say(self, entry: Entry, what: str, *, style: str = "") -> None:
        self.console.print(Text(f"{entry.position}  ") + visible(what), style=style, soft_wrap=True)

    def _print_json(self, value: object) -> None:
        self.console.print(Text(json.dumps(value, indent=2)), soft_wrap=True)
