"""The hour that a 12-hour clock means: "8:45 soir" is 20, "12:10 nuit" is 0, "下午2:56" is 14.

One table for every language: a word is written here as a phone writes it, once. Dots, spaces and capitals do not
count ("a. m.", "a.m." and "AM" are one word), and it may stand before the time or after it.
"""

from __future__ import annotations

import re
from typing import Literal

from nlpchat.chats.marks import MARKS, SPACES

# How a word reads a 12-hour clock: before noon, after noon, around noon (11 stays 11, 1 is 13), at night (2 stays 2, 11
# is 23).
Reading = Literal["am", "pm", "noon", "night"]

_WORDS: dict[Reading, str] = {
    # A slash parts the words; the languages, line by line: Latin letters as everywhere; fr with fr-CM, fr-SN; de; es,
    # pt, ca; nl, af; sv, nb, nn, is; fi; et, lv, lt; cs, sk, sl; hr, bs, sr, mk, bg; uk; hu; ro; sq; el; tr, az, uz;
    # he; ar; fa, ps, ckb, ur; hi, mr, ne; bn; pa, gu; ta; te; kn; ml; si; th; lo; km; my; vi; ms, id; am; ka, hy, mn;
    # zh, ja; ko.
    "am": """am/a:m/matin/mat./morgens/vorm./vormittags/früh/mañana/de la mañana/da manhã/manhã/vm./f.m./fm/f.h./ap.
        /hommikul/priekšp./priekšpusdienā/priešpiet/dop./dopoledne/ráno/zjutraj/prijepodne/пре подне/претпладне
        /пр.об./дп/de./dimineața/e paradites/paradite/π.μ./öö/ög/то/לפנה״צ/בבוקר/ص/صباحًا/صباحاً/صباحا/ق.ظ.
        /قبل‌ازظهر/غ.م./ب.ن/قبل دوپہر/पूर्वाह्न/म.पू./सुबह/पूर्वान्ह/পূর্বাহ্ণ/সকাল/ਪੂ.ਦੁ./પૂર્વાહ્ન/முற்பகல்/மு.ப/காலை
        /ఉదయం/ಪೂರ್ವಾಹ್ನ/രാവിലെ/පෙ.ව./ก่อนเที่ยง/ກ່ອນທ່ຽງ/ព្រឹក/နံနက်/sa/sáng/pg/pagi/ጥዋት/დილა/կա/ү.ө.
        /上午/午前/早上/清晨/오전/아침""",
    "pm": """pm/p:m/après-midi/apres-midi/ap.m./soir/nachm./nachmittags/abends/tarde/de la tarde/da tarde/da noite
        /nm./e.m./em/e.h./ip./õhtul/pēcp./pēcpusdienā/popiet/odp./odpoledne/večer/pop./popoldne/poslijepodne
        /по подне/попладне/сл.об./пп/du./după-amiaza/seara/e pasdites/pasdite/μ.μ./ös/тк/אחה״צ/בערב/م/مساءً/مساء
        /ب.ظ./بعدازظهر/غ.و./د.ن/بعد دوپہر/अपराह्न/म.उ./शाम/अपरान्ह/অপরাহ্ণ/বিকাল/ਬਾ.ਦੁ./અપરાહ્ન/பிற்பகல்/பி.ப/மாலை
        /సాయంత్రం/ಅಪರಾಹ್ನ/വൈകുന്നേരം/ප.ව./หลังเที่ยง/ຫຼັງທ່ຽງ/ល្ងាច/ညနေ/ch/chiều/ptg/petang/sore/ከሰዓት/საღამო/կհ/ү.х.
        /下午/午後/傍晚/晚上/夜晚/오후/저녁""",
    "noon": """midi/mittags/mediodía/del mediodía/दोपहर/দুপুর/ظهرًا/ظهراً/ظهرا/中午/正午/siang/tengah hari/정오""",
    "night": """nuit/minuit/min./nachts/noche/de la noche/de la madrugada/madrugada/da madrugada/रात/রাত/ليلاً/ليلا
        /凌晨/半夜/深夜/malam/밤/새벽""",
}


def _key(written: str) -> str:
    """A word without what does not count: dots, spaces, quotes, marks, capitals."""
    return re.sub(rf"[.:״\"'’\u200c{MARKS}{SPACES}]", "", written).casefold()


def _expression(word: str) -> str:
    special = {" ": f"[{SPACES}]?", ".": rf"\.?[{SPACES}]?", "״": '[״"”]', "\u200c": "[\u200c ]?"}
    return "".join(special.get(c) or re.escape(c) for c in word.removesuffix(".")) + r"\.?"


_BY_READING = {reading: [word.strip() for word in words.split("/")] for reading, words in _WORDS.items()}
DAY_PERIODS: dict[str, Reading] = {_key(word): reading for reading, words in _BY_READING.items() for word in words}
# AM and PM in Latin letters, as in "a. m.", "p.m.", "PM", "a: m".
LATIN_PERIOD = rf"[ap][.:]?[{SPACES}]?m\.?"
_LONGEST_FIRST = sorted({word for words in _BY_READING.values() for word in words}, key=lambda word: (-len(word), word))
ANY_PERIOD = "|".join([*map(_expression, _LONGEST_FIRST), LATIN_PERIOD])


def is_day_period(written: str) -> bool:
    """Whether the table has this word: "Nachm." and "p. m." yes, "vers" no."""
    return _key(written) in DAY_PERIODS


def hour_of(hour: int, period: str) -> int:
    """The hour of a 24-hour clock: 12 nuit is 0, 12 midi 12, 2 après-midi 14; 13 PM stays 13, 0 AM is 0."""
    if not period or hour > 12:
        return hour
    reading = DAY_PERIODS.get(_key(period), "am")
    if reading == "noon":
        return hour if 10 <= hour <= 12 else hour + 12
    if reading == "night":
        # "2:05 nuit" is after midnight; "11:30 nuit" can only be before it.
        reading = "pm" if 6 <= hour < 12 else "am"
    return hour % 12 + (12 if reading == "pm" else 0)
