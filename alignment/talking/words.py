"""What this program says itself, in both languages."""

from typing import Literal

Word = Literal[
    "banner", "empty", "forgotten", "help", "language_set", "language_unknown", "save_where", "saved", "shortened",
    "stopped", "system_gone", "system_set", "unknown", "you", "model",
]  # fmt: skip

ANSWER_IN = {"ar": "أجب بالعربية.", "en": "Answer in English."}
"""What the model is told where a language is asked for."""

WORDS: dict[Word, dict[str, str]] = {
    "banner": {
        "en": "Answers are written by a machine and may be wrong. /help lists commands, Ctrl-C stops an answer.",
        "ar": "تكتب الإجاباتِ آلةٌ وقد تخطئ. الأمر ‎/help‎ يعرض الأوامر، وCtrl-C يوقف الإجابة.",
    },
    "help": {
        "en": (
            "/reset          forget the turns so far\n"
            "/system TEXT    set the system prompt and begin anew; without TEXT there is none\n"
            "/language ar|en ask for answers in this language; without one, leave it to the model\n"
            "/history        show the turns so far\n"
            "/save FILE      add the conversation to a JSON Lines file\n"
            "/quit           leave (Ctrl-D does too)"
        ),
        "ar": (
            "/reset          نسيان ما سبق من الحوار\n"
            "/system نص      تعيين توجيه النظام والبدء من جديد، وبلا نص يُحذف\n"
            "/language ar|en طلب الإجابة بهذه اللغة، وبلا لغة يُترك الأمر للنموذج\n"
            "/history        عرض ما سبق من الحوار\n"
            "/save ملف       إضافة الحوار إلى ملف JSON Lines\n"
            "/quit           إنهاء الحوار"
        ),
    },
    "you": {"en": "you", "ar": "أنت"},
    "model": {"en": "model", "ar": "النموذج"},
    "empty": {"en": "nothing was said yet", "ar": "لم يُقَل شيء بعد"},
    "forgotten": {"en": "forgotten", "ar": "نُسي ما سبق"},
    "language_set": {"en": "language set", "ar": "عُيّنت اللغة"},
    "language_unknown": {"en": "give ar or en", "ar": "اكتب ar أو en"},
    "save_where": {"en": "give the name of a file", "ar": "اكتب اسم ملف"},
    "saved": {"en": "saved in", "ar": "حُفظ في"},
    "shortened": {
        "en": "the conversation outgrew the model's context: its beginning is left out",
        "ar": "تجاوز الحوار سياق النموذج، فتُرك أوله",
    },
    "stopped": {"en": "stopped", "ar": "أُوقفت"},
    "system_set": {"en": "system prompt set", "ar": "عُيّن توجيه النظام"},
    "system_gone": {"en": "no system prompt", "ar": "لا توجيه للنظام"},
    "unknown": {
        "en": "no such command; /help lists them",
        "ar": "لا أمر بهذا الاسم، واكتب ‎/help‎ لعرض الأوامر",
    },
}
