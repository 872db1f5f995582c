"""The words by which free text is judged: what precedes, follows or is part of a name and tells what it is. Data."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Endings that files and sources have more often than domains: `run.sh` is a file, `www.run.sh` and `run[.]sh` are
# domains.
FILE_ENDINGS = _words("java md mov pm ps py re rs sh so st zip")
# Endings that are attributes and methods in programs, and words in sentences without a space after the full stop.
MEMBER_ENDINGS = _words("""
    ad am app as at bar be box by call data date day do download email events exchange foo game games group help host
    how id in info io is it like link live map me media mobi my name network new news next no now on one open page
    play plus post pro prod read run sc search show so store stream style support to tools tv us watch win work zone
""")
# Endings of sources, after a name such as `main`.
SOURCE_ENDINGS = _words("ac ai am as cc gs hs in la ml ms pl pn tf vi")
# Endings that are written `Evil.Com`, and that are no words.
CAPITALISED = _words("org com ru")
# Endings that names have which look like calls or packages and are domains.
DOMAIN_ENDINGS = _words("com net org ru cn de uk eu info biz top xyz fr nl br jp kr pl ua ir tk cc su pw")
# Endings of domains of one letter: `t.co`, but neither `a.in` nor `e.g`.
SHORT_NAMES = _words("io com ly org co net me ru cc")
# First labels that programs have: `document.name`, `java.net`, `self.host`.
PROGRAM_WORDS = _words("""
    android app args array aws client cls col config console context cookie core ctx data df dict doc document each
    element entry env error event exc file form foo function global input int io item java javax json key kotlin lib
    line list local location log logger main map math match model module msg net node np obj object options os output
    package page param params parent path pd plt proc process prop props query req request res resp response result
    root row rule scala schema screen self server session set socket src state std str string sys system table task
    test text this thread time token tree tuple type url urllib user util utils val value values var vm win window
    worker xml
""")
# Reversed names, `com.example.mobile.app`, begin with these and end in a word; a domain so long ends in its country
# or .com.
REVERSED = _words("com org net edu gov io de me dev app co android androidx java javax kotlin cn uk ru fr jp")
# Products that are written like domains.
PRODUCT_NAMES = _words("vb.net ado.net asp.net ml.net node.js system.net socket.io draw.io")
# First labels of hosts: `www.run.sh` is no file.
HOST_LABELS = _words("www ftp mail smtp mx ns ns1 ns2 cdn api static dl download update updates img files dev m")
# Words before a name that say it is a domain.
DOMAIN_CUES = _words("""
    domain domains fqdn site sites website hostname dns query queried resolve resolved resolves sinkholed
""")
# Words before a dotted number that make it a version, a section or an OID.
NUMBER_WORDS = _words("""
    version versions ver v vers build builds release releases rev revision firmware oid oids section sections chapter
    clause paragraph control controls step rule table figure fig item signature engine agent client sdk runtime patch
    hotfix update
""")
# What stands before the slash in a user agent or a banner: `Chrome/120.0.0.0`.
PRODUCTS = _words("""
    apache applewebkit chrome chromium curl edg edge firefox gecko headlesschrome java libcurl mozilla msie nginx
    openssh openssl opera opr php python safari version wget yabrowser electron teams outlook vivaldi trident crios
    okhttp
""")
# Words between a version and the word that says so: `versions 1.2.3.4 and 1.2.3.5`.
CONNECTIVES = _words("or until was and from through number than to before is after")
# Endings of file names, before which a path with spaces ends.
FILE_NAME_ENDINGS = _words("""
    7z asp aspx bak bat bin cab cfg cmd com conf cpl csv dat db dll dmp doc docm docx eml evtx exe gif hta htm html
    img ini iso jar jpeg jpg js jse json jsp key lnk log msg msi one pcap pdb pdf pem php png ppt pptx ps1 psd1 psm1
    pst py rar rtf scr sh sys tmp txt url vbe vbs vhd vhdx war wsf xls xlsm xlsx xml yaml yml zip
""")
# A lower-case word that ends a name before it: names of files are rarely sentences.
SENTENCE_WORDS = _words("""
    a after and are as at because before but by during for from has have in into is of on or over that the then to via
    was were when which while who will with
""")
# First parts of relative paths and of registry keys that stand where an account's domain stands.
FOLDERS = _words("""
    appdata bin classes currentversion controlset001 currentcontrolset desktop documents downloads drivers etc
    hardware local lib policies program programdata public roaming sam security services software src startup system
    system32 syswow64 temp test tests tasks tmp users win windows
""")
# Words before `corp\user` that say it is an account.
ACCOUNT_CUES = _words("""
    account accounts as admin credential credentials identity login logon owner principal runas subject u user
    username users by targetusername subjectusername actor member
""")
