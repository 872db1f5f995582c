"""Top-level domains that free text may name: the country codes, the generic ones met in practice (IANA root zone),
and the reserved ones of RFC 2606 and RFC 6762. Any `xn--` label counts as one too.
"""

from __future__ import annotations

COUNTRIES = """
ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs bt bw by bz ca cc cd cf cg
ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg er es et eu fi fj fk fm fo fr ga gd ge gf gg gh gi
gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg kh ki km kn kp kr kw
ky kz la lb lc li lk lr ls lt lu lv ly ma mc md me mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz na nc ne nf ng
ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw sa sb sc sd se sg sh si sj sk sl sm
sn so sr ss st su sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt tv tw tz ua ug uk us uy uz va vc ve vg vi vn vu wf
ws ye yt za zm zw
"""
GENERIC = """
 academy aero agency app art arpa asia associates auction audio auto autos bank bar beauty best bet bid bike bio biz
blog boats bond bot business buzz cab cam camp capital cards care careers cash casino cat center cfd charity chat city
click clinic cloud club codes coffee com community company computer consulting contact coop country coupons courses
credit cyou date dating deals delivery design dev diamonds digital direct directory discount doctor download earth
education email energy engineering estate events exchange expert express fail family fans farm fashion finance
financial fit fun fund fyi gallery game games gdn global gmbh gold goog google gov group guide guru hair health help
homes host hosting house icu immo inc info ink institute insure int international investments jobs kim land lat law
legal life limited link live llc loan loans lol ltd luxe mail makeup market marketing mba media men microsoft mil mobi
moda moe mom money monster mov museum name network news nexus ngo ninja one onl online ooo org page partners parts
party pet photo photos pics pink pizza plus porn post press pro property pub quest racing realty ren rent repair
report rest review rip rocks run sale sbs school science security services sex shop show site skin ski social software
solar solutions space store stream studio style sucks support surf systems taxi team tech technology tel tickets tips
today tokyo top tours town toys trade trading training travel tube university uno vacations ventures vip vision vote
watch webcam website wiki win wine work works world wtf xin xxx xyz yachts yoga you zip zone edu net
"""
RESERVED = "example test invalid local localhost onion internal corp lan home intranet"

TOP_LEVEL = frozenset(f"{COUNTRIES} {GENERIC} {RESERVED}".split())
# These also end file names and source code: a bare `name.py` in a sentence is a file, `www.name.py` is a domain.
ALSO_FILES = frozenset(
    [
        "ai",
        "app",
        "cc",
        "cs",
        "gz",
        "hs",
        "ml",
        "md",
        "mov",
        "pl",
        "pm",
        "ps",
        "py",
        "re",
        "rs",
        "run",
        "sh",
        "so",
        "st",
        "zip",
    ]
)
