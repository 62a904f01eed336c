"""Lines that are no prose: code, tables, rules, formulas. They are kept as they are and never cut."""

import re
from collections.abc import Iterator

_FENCE = re.compile(r"^\s*(?P<fence>`{3,}(?=[^`]*$)|~{3,})(?P<info>.*)")
"""As CommonMark has it: a line with further backticks is code within prose."""

_TABLE = re.compile(r"^\s*\||^[^\t\n]*\t[^\t\n]*\t|^\s*[|+](?:[-=:]+[|+])+\s*$")
_RULE = re.compile(r"^\s*(?:[-=*_~#^.]\s*){3,}$")
_PROMPT = re.compile(r"^\s*(?:>>> |\.\.\. |\$ |In \[\d+\]:|Out\[\d+\]:|@\w+[\w.]*(?:\(.*\))?\s*$)")
_STATEMENT = re.compile(
    r"""^\s*+(?:
      (?:def|class|import|from\s+[\w.]+\s+import|return|elif|else:|try:|except|raise|while|for\s+\w+(?:,\s*\w+)*\s+in)\b.*[:)\w]\s*$
    | [\w.\[\]'"]+\s*(?:[-+*/|&^%]?=)\s*\S.*$
    | [\w.]+\(.*\)\s*;?\s*$
    | (?:public|private|static|const|let|var|function|\#include|\#define|SELECT|INSERT|UPDATE)\b.*
    | [{}()\[\];]+\s*$
    | </?\w[^>]*>\s*$
    | .*[;{]\s*$
    )""",
    re.VERBOSE,
)
_SIGNS = re.compile(r"[={}()\[\];<>\\/|&^$_#@*+]")
_DIRECTIVE = re.compile(r"^\s*[\w-]+\s+::=|^\s*\.\. \w|^\s*:\w[\w -]*:(?:\s|$)")
_LETTER = re.compile(r"[^\W\d_]")


def lines_of(text: str) -> Iterator[tuple[str, bool]]:
    """Each line with its end, and whether it is prose; all lines together are the text.

    Code is told by fences, prompts, by deep indentation after a blank line or code, and by how statements look. A
    statement needs two signs that prose does not have, or code before it.
    """
    fence = ""
    code_before, blank_before = False, True
    for line in text.splitlines(keepends=True):
        content = line.rstrip("\r\n")
        opened = _FENCE.match(content)
        if opened and (not fence or (opened["fence"].startswith(fence) and not opened["info"].strip())):
            fence = "" if fence else opened["fence"]
            code_before, blank_before = True, False
            yield line, False
            continue
        blank = not content.strip()
        code = bool(fence) or (not blank and _is_code(content, code_before, blank_before))
        yield line, not (code or blank or bool(_TABLE.match(content) or _RULE.match(content)))
        if not blank:
            code_before = code
        blank_before = blank


def _is_code(line: str, code_before: bool, blank_before: bool) -> bool:
    if _PROMPT.match(line) or _DIRECTIVE.match(line) or not _LETTER.search(line):
        return True
    indented = line.startswith(("    ", "\t"))
    if indented and code_before:
        return True
    signs = len(_SIGNS.findall(line))
    looks = bool(_STATEMENT.match(line)) and not line.rstrip().endswith((".", "?", "!"))
    return looks and (signs >= 2 or (indented and blank_before) or (code_before and signs >= 1))
