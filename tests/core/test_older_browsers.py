"""Scripts and sheets hold to docs/browsers.md: Chrome 80, Safari 13.1, Firefox 78."""

import re

import pytest
from django.conf import settings

STATIC = settings.BASE_DIR / "static"
SCRIPTS = sorted((STATIC / "js").glob("*.js"))
SHEETS = sorted((STATIC / "css").glob("*.css"))
COMPLETED = {
    "AbortSignal.timeout",
    "replaceChildren",
    "requestSubmit",
    "event.submitter",
}  # js/older.js

# What it is, how it is recognised, an example
TOO_NEW = {
    "assignment ??= ||= &&=": (r"(\?\?|\|\||&&)=", "a ??= b"),
    "await outside of a function": (r"(?m)^(const \w+ = |let \w+ = )?await ", "const store = await open();"),
    "private member": (r"[\s.;{]#[A-Za-z_]\w*\s*[=;(]|this\.#", "class A { #b = 1; }"),
    "static member": (r"\bstatic\s+[\w{]", "class A { static b = 1 }"),
    "class field": (r"(?m)^\s+\w+ = [^;]*;\n\s+constructor", "class A {\n  b = 1;\n  constructor() {}"),
    "regular expression with v, d or lookbehind": (r"\(\?<[=!]|/[gimsuy]*[dv][gimsuy]*\.(test|exec)", "/(?<=a)b/"),
    "at()": (r"\.at\(", "list.at(-1)"),
    "findLast": (r"\.findLast(Index)?\(", "list.findLast(f)"),
    "copies of lists": (r"\.(toSorted|toReversed|toSpliced|with)\(", "list.toSorted()"),
    "replaceAll": (r"\.replaceAll\(", "a.replaceAll(b, c)"),
    "Object.hasOwn, groupBy": (r"(Object|Map)\.(hasOwn|groupBy)\(", "Object.hasOwn(a, b)"),
    "Promise.any and younger": (r"Promise\.(any|withResolvers|try)\b", "Promise.any(all)"),
    "AbortSignal.any": (r"AbortSignal\.(any|abort)\b", "AbortSignal.any([a])"),
    "structuredClone": (r"\bstructuredClone\(", "structuredClone(a)"),
    "randomUUID": (r"\.randomUUID\b", "crypto.randomUUID()"),
    "requestIdleCallback": (r"\brequestIdleCallback\b", "requestIdleCallback(f)"),
    "ResizeObserver": (r"\bResizeObserver\b", "new ResizeObserver(f)"),
    "WeakRef": (r"\b(WeakRef|FinalizationRegistry)\b", "new WeakRef(a)"),
    "BroadcastChannel": (r"\b(BroadcastChannel|navigator\.locks)\b", "new BroadcastChannel(a)"),
    "popover, inert": (r"\.(showPopover|togglePopover|inert)\b", "box.inert = true"),
    "checkVisibility": (r"\.checkVisibility\(", "box.checkVisibility()"),
    ":has() in a script": (r"(querySelector(All)?|matches|closest)\([^)]*:(has|is|where)\(", 'one.matches(":has(a)")'),
    "import by name": (r"(?m)^import .* with \{|import\.meta\.resolve", 'import a from "a" with {}'),
    "Intl of later": (r"Intl\.(ListFormat|Segmenter|DurationFormat|DisplayNames)", "new Intl.ListFormat()"),
}  # fmt: skip
# Used only where the same line, or an earlier one of the file, looks whether it is there
GUARDED = {
    "showModal": r"!dialog\.showModal",
    "createImageBitmap": r"try \{ return await createImageBitmap",
    "EventSource": r"!window\.EventSource",
    "IntersectionObserver": r"window\.IntersectionObserver",
    "navigator.share": r"!navigator\.share",
    "navigator.clipboard": r"!navigator\.clipboard",
    "serviceWorker": r'"serviceWorker" in navigator',
}
TOO_NEW_FOR_SHEETS = {
    "inset": (r"[{;]\s*inset\s*:", "a { inset: 0; }"),
    "list in :not()": (r":not\([^()]*,", "a:not(.b, .c) {}"),
    "range of a width": (r"@media[^{]*[<>]", "@media (width < 3px) {}"),
    "layers, containers, scope": (r"@(layer|container|scope|starting-style)\b", "@layer a {}"),
    "nested rule": (r"(?m)[{;]\s*&", "a { & b {} }"),
    "mixed colours": (r"\b(color-mix|oklch|oklab|lab|lch|light-dark)\(", "a { color: color-mix(in srgb) }"),
}  # fmt: skip
YOUNG_SELECTOR = r":(has|is|where|focus-visible|user-invalid|modal|popover-open)\b|::(file-selector-button|marker)"


def bare(script: str) -> str:
    """Without comments."""
    return re.sub(r"(?m)(^|\s)//.*$", r"\1", re.sub(r"/\*.*?\*/", "", script, flags=re.DOTALL))


def too_new(text: str, patterns: dict[str, tuple[str, str]]) -> list[str]:
    return [name for name, (pattern, _example) in patterns.items() if re.search(pattern, text)]


def unguarded(script: str) -> list[str]:
    return [
        name
        for name, guard in GUARDED.items()
        if re.search(rf"\b{re.escape(name)}\b", script) and not re.search(guard, script)
    ]


def mixed_lists(sheet: str) -> list[str]:
    """Selectors that an older browser drops although the rule has others it would know."""
    rules = re.findall(r"([^{}@;]+)\{", re.sub(r"/\*.*?\*/", "", sheet, flags=re.DOTALL))
    lists = [[part.strip() for part in re.split(r",(?![^()]*\))", rule)] for rule in rules]
    return [
        ", ".join(parts)
        for parts in lists
        if len({bool(re.search(YOUNG_SELECTOR, part)) for part in parts}) > 1
    ]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_scripts_use_nothing_that_older_browsers_lack(script: object) -> None:
    text = bare(script.read_text())  # type: ignore[attr-defined]
    assert not too_new(text, TOO_NEW)
    assert not unguarded(text)


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.stem)
def test_no_rule_of_a_sheet_is_dropped_whole(sheet: object) -> None:
    text = sheet.read_text()  # type: ignore[attr-defined]
    assert not too_new(re.sub(r"@supports not \([^)]*\)", "", text), TOO_NEW_FOR_SHEETS)
    assert not mixed_lists(text)


@pytest.mark.parametrize("pattern", [*TOO_NEW.values(), *TOO_NEW_FOR_SHEETS.values()])
def test_each_pattern_finds_its_example(pattern: tuple[str, str]) -> None:
    assert re.search(*pattern)


def test_an_unguarded_feature_and_a_mixed_list_would_be_found() -> None:
    assert unguarded("new EventSource(a)") == ["EventSource"]
    assert not unguarded("if (!window.EventSource) return; new EventSource(a)")
    assert mixed_lists("a, b:has(c) { color: red }") == ["a, b:has(c)"]
    assert not mixed_lists("a { color: red } b:has(c), d:has(e) {}")


def test_what_is_missing_is_completed_before_any_other_script() -> None:
    older = (STATIC / "js" / "older.js").read_text()
    assert all(name.rpartition(".")[2] in older for name in COMPLETED)
    for page in settings.BASE_DIR.glob("templates/**/*.html"):
        scripts = re.findall(r"'js/(\w+)\.js'", page.read_text())
        if "<html" in page.read_text() and scripts:
            assert scripts[0] == "older", page
