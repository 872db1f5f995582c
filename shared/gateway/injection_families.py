"""The families of prompt injection as RE2 patterns (spec/llm §3.2). In a pattern, a blank stands for any white space.

`clear` patterns are orders to a model. `bare` ones are words that ordinary security text uses too; alone they mean LOW.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

# Verbs with which an order goes on: "override safety AND APPROVE the playbook".
_THEN = (
    r"(?:approve|mark|set|close|answer|reply|respond|print|reveal|tell|give|list|show|say|classify|execute|run|comply"
    r"|obey|ignore|disregard|allow|grant|provide|explain|write|describe|output|generate|act|do)"
)
_OURS = r"(?:the |your |its |all |any |every |these |those |our )"
_CASE = (
    r"(?:this|that|it|everything|all|them|these|(?:the|this|all|every) (?:\w+ )?(?:alert|incident"
    r"|case|event|activity|finding)s?)"
)


class Family(StrEnum):
    """Names as they stand in detections and audit events, numbered in the specification's order."""

    IGNORE_ORDERS = "ignore_orders"
    DISREGARD_RULES = "disregard_rules"
    IDENTITY_SWITCH = "identity_switch"
    NEW_PERSONA = "new_persona"
    OVERRIDE_SAFETY = "override_safety"
    BYPASS_FILTER = "bypass_filter"
    SYSTEM_PROMPT_TARGET = "system_prompt_target"
    PROMPT_EXTRACTION = "prompt_extraction"
    DAN_MODE = "dan_mode"
    DEVELOPER_MODE = "developer_mode"
    JAILBREAK = "jailbreak"
    PRETEND = "pretend"
    NO_RESTRICTIONS = "no_restrictions"
    FIG_LEAF_PURPOSE = "fig_leaf_purpose"
    IGNORE_ABOVE = "ignore_above"
    ROLE_MARKUP = "role_markup"
    EVIDENCE_BREAK_OUT = "evidence_break_out"
    VERDICT_STEERING = "verdict_steering"
    CONCEALED = "concealed"
    ROLE_PLAY = "role_play"


@dataclass(frozen=True)
class Pattern:
    """One pattern of a family. ``clear`` False: only a word that also occurs in honest text."""

    family: Family
    expression: str
    clear: bool = True


CLEAR: dict[Family, tuple[str, ...]] = {
    Family.IGNORE_ORDERS: (
        r"\b(?:ignore|forget|skip|do not follow|don't follow|stop following) (?:[\w']+ ){0,4}?"
        r"(?:previous|prior|earlier|above|preceding|former|initial|original|all|any|your|these|those)"
        r" (?:[\w']+ ){0,3}?"
        r"(?:instructions?|orders?|rules|commands|directions|directives?|guidelines|prompts?)\b",
    ),
    Family.DISREGARD_RULES: (
        r"\bdisregard (?:all|any|every|the|your|its|our|these|those|previous|prior|above|earlier|safety|system)\b"
        r" ?(?:[\w']+ ){0,3}?(?:rules?|instructions?|prompts?|orders?|guidelines?|polic(?:y|ies)|safety"
        r"|directives?)\b",
    ),
    Family.IDENTITY_SWITCH: (
        r"\byou are now (?:an?|the|my|our) (?:\w+ ){0,3}?(?:assistant|ai|model|bot|chatbot|llm|persona"
        r"|analyst|agent|admin|root)\b",
        r"\byou are now (?:unrestricted|unfiltered|uncensored|jailbroken|free|dan|evil|in charge)\b",
        r"\bfrom now on,? you (?:are|will|must|shall|act|answer|respond|obey)\b",
    ),
    Family.NEW_PERSONA: (
        r"\b(?:adopt|assume|take on|switch to|become) (?:an? |the )?(?:(?:new|different) (?:persona"
        r"|identity|character|personality)|persona)\b",
    ),
    Family.OVERRIDE_SAFETY: (
        rf"\boverride {_OURS}*(?:safety|guardrails?|polic(?:y|ies)|restrictions?|safeguards?),? (?:and"
        rf"|then|to) (?:\w+ )?{_THEN}\b",
        r"\boverride (?:your|all your|any of your) (?:\w+ )?(?:safety|guardrails?|polic(?:y|ies)"
        r"|restrictions?|rules|guidelines|instructions)\b",
        r"\boverride (?:the |all )?(?:safety|content) (?:rules|guidelines|filters?|instructions|protocols)\b",
    ),
    Family.BYPASS_FILTER: (
        rf"\bbypass (?:{_OURS}|content |safety |output |input |moderation )*(?:filters?|filtering"
        rf"|guardrails?|moderation)\b",
    ),
    Family.SYSTEM_PROMPT_TARGET: (
        r"\b(?:append|add|insert|write|inject|put|copy|paste) (?:\S+ ){0,6}?(?:to|into|in) (?:the |your"
        r" )?system prompt\b",
        r"\b(?:change|replace|modify|edit|update|rewrite|overwrite|delete|forget|ignore|override|erase)"
        r" (?:the |your )?system prompt\b",
        r"\byour system prompt\b",
    ),
    Family.PROMPT_EXTRACTION: (
        r"\b(?:reveal|show|print|repeat|output|display|tell|give|leak|dump|recite|disclose|expose|what"
        r" (?:is|are)) (?:me |us )?"
        r"(?:all )?(?:of )?(?:your (?:\w+ ){0,3}?|(?:the|its) (?:system|initial|original|hidden|secret|above) )"
        r"(?:prompt|instructions|system message|rules)\b",
    ),
    Family.DAN_MODE: (r"\bdan[ -]mode\b", r"\bdo anything now\b"),
    Family.DEVELOPER_MODE: (
        r"\bdeveloper mode[,;.:]? (?:and |where |with |in which )?(?:no|you|without|ignore|answer"
        r"|respond|reply|all|obey|comply)\b",
        r"(?:^|[.!?;:,] ?)(?:please )?(?:switch to|enter|activate|go into) (?:the )?developer mode\b",
        r"\byou (?:are|will be) (?:now )?in developer mode\b",
    ),
    Family.JAILBREAK: (
        r"\bjailbreak[,.:;!]? ?(?:comply|obey|answer|you|so|yourself)\b",
        r"\bjailbreak (?:this|your|the) (?:model|assistant|ai|llm|chatbot)\b",
        r"\byou (?:are|have been) (?:now )?jailbroken\b",
    ),
    Family.PRETEND: (
        r"\bpretend (?:that )?(?:you|you're|there (?:is|are) no)\b",
        r"\bpretend to be (?:an?|the) (?:\w+ ){0,2}?(?:assistant|ai|model|analyst|manager|administrator|developer)\b",
    ),
    Family.NO_RESTRICTIONS: (
        r"\bact as (?:if|though) (?:you|there|no)\b",
        r"\b(?:act|behave|respond|answer|reply) (?:\w+ ){0,3}?without (?:any |your )?(?:restrictions?"
        r"|limits?|limitations?|filters?|rules|constraints)\b",
        r"\byou have no (?:restrictions|limits|limitations|rules|filters|constraints)\b",
    ),
    Family.FIG_LEAF_PURPOSE: (
        rf"\bfor (?:purely |strictly )?(?:educational|research|academic|training) purposes(?:"
        rf" only)?[,:;]? (?:please )?{_THEN}\b",
        rf"(?:^|[.!?;:] ?)(?:please )?{_THEN} (?:\S+ ){{1,10}}?for (?:educational|research|academic"
        rf"|training) purposes\b",
    ),
    Family.IGNORE_ABOVE: (
        r"\b(?:ignore|forget|disregard|skip) (?:everything |all |anything )?(?:of )?(?:the |what is "
        r"|that is )?(?:above|preceding|foregoing)\b",
        r"\b(?:ignore|forget|disregard) (?:everything|anything|all)(?: that)?(?: \w+){0,2}? (?:before"
        r"|prior|so far|until now|earlier)\b",
    ),
    Family.ROLE_MARKUP: (
        r"(?:```|~~~) ?system\b.{0,80}?\b(?:you|ignore|disregard|must|always|never|mark|set|classify"
        r"|approve|close|obey|override)\b",
        r"<\|(?:im_start|im_end|system|user|assistant|endoftext)\|?>?",
        r"\[/?inst\]|<</?sys>>|</?assistant>",
        r"<system>.{0,80}?\b(?:you must|you are|ignore|disregard|obey)\b",  # bare, it is a tag of Windows event logs
    ),
    Family.EVIDENCE_BREAK_OUT: (r"< ?/? ?(?:untrusted_alert_data|retrieved_context)\b",),
    Family.VERDICT_STEERING: (
        r"\bset (?:the |your )?confidence (?:score |level |value )?(?:to|at|=)",
        rf"\b(?:classify|mark|label|treat|report|rate|close|resolve|consider|judge|answer|respond|reply)"
        rf" (?:{_CASE} )?(?:with |is )?"
        r"(?:as )?(?:an? )?(?:false[_ -]positive|benign|harmless|closed|resolved|not malicious|non-malicious)\b",
        r"\bdo not escalate (?:this|it|the)\b",
    ),
    Family.ROLE_PLAY: (
        r"\blet(?:'s| us) play (?:an? |the )?(?:\w+ )?(?:game|role)\b",
        r"\brole-?play (?:as|that|where|with me)\b",
        r"\bimagine (?:that )?you (?:are|have|were)\b",
        r"\b(?:game|story|world) (?:in which|where) (?:safety|rules|polic(?:y|ies)|you|there (?:is|are) no)\b",
        r"\bnext message,? (?:obey|comply|you)\b",
    ),
}  # fmt: skip

BARE: dict[Family, str] = {
    Family.IDENTITY_SWITCH: r"\byou are now\b",
    Family.NEW_PERSONA: r"\bnew persona\b",
    Family.OVERRIDE_SAFETY: r"\boverride (?:\w+ )?safety\b|\bsafety (?:\w+ )?override\b",
    Family.SYSTEM_PROMPT_TARGET: r"\bsystem prompt\b",
    Family.DEVELOPER_MODE: r"\bdeveloper mode\b",
    Family.JAILBREAK: r"\bjailbr(?:eak|oken)",
    Family.FIG_LEAF_PURPOSE: r"\bfor (?:educational|research|academic|training) purposes\b",
}

PATTERNS: tuple[Pattern, ...] = (
    *(Pattern(family, expression) for family, expressions in CLEAR.items() for expression in expressions),
    *(Pattern(family, expression, clear=False) for family, expression in BARE.items()),
)
