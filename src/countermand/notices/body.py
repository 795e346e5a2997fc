"""A notice's body beside its text: the same words as HTML, laid out with MJML once per text. Slots stay for personal values.

INVARIANT: the layout has no words of its own. What approvers signed is the text; whoever reads the HTML reads the same.
"""

import html
import re
from functools import lru_cache

import mrml

from countermand.lib import words

#: (ink, paper) of every pair that stands on another in the layout; each reaches a contrast of 4.5 to 1 (WCAG 2.2, 1.4.3).
COLOURS = {
    "text": ("#16191d", "#ffffff"),
    "due": ("#16191d", "#fdf1dd"),
    "code": ("#16191d", "#f0f2f5"),
    "small": ("#4b525b", "#ffffff"),
}
_SLOT = re.compile(r"\{([a-z_]+)\}")
#: No name of a font that MJML would have loaded from somebody's server.
_FONT = "system-ui, -apple-system, 'Segoe UI', 'Noto Sans', Arial, sans-serif"
_PAGE = """\
<mjml{lang} dir="{direction}">
<mj-head>
<mj-attributes>
<mj-all font-family="{font}" />
<mj-text font-size="16px" line-height="24px" color="#16191d" align="{side}" padding="6px 24px" />
</mj-attributes>
</mj-head>
<mj-body width="600px" background-color="#ffffff">
<mj-section direction="{direction}" padding="8px 0"><mj-column direction="{direction}">
{parts}
</mj-column></mj-section>
</mj-body>
</mjml>
"""


@lru_cache(maxsize=512)
def html_of(text: str, language: str) -> str:
    """The HTML of a text as approved, with the personal slots that the text has. A slot's value must be escaped, and that
    of ``{devices}`` be list items."""
    subject, _, body = text.partition("\n")
    title = html.escape(subject.partition(":")[2].strip())
    right = words.right_to_left(language)
    parts = [f'<mj-text font-size="20px" line-height="28px"><strong>{title}</strong></mj-text>']
    parts += [_part(paragraph).replace("{name}", "<bdi>{name}</bdi>") for paragraph in body.strip("\n").split("\n\n")]
    page = _PAGE.format(
        lang=f' lang="{language}"',
        direction="rtl" if right else "ltr",
        side="right" if right else "left",
        font=_FONT,
        parts="\n".join(parts),
    )
    # The title is put in here: of one that it is given, MRML writes marks of Hindi and Arabic as escapes of Rust.
    return str(mrml.to_html(page).content).replace("<title></title>", f"<title>{title}</title>", 1)


def _part(paragraph: str) -> str:
    lines = [html.escape(line) for line in paragraph.split("\n")]
    if "{devices}" in lines:
        at = lines.index("{devices}")
        before, after = "<br />".join(lines[:at]), "<br />".join(lines[at + 1 :])
        items = '<ul style="margin:4px 0;padding-inline-start:24px;">{devices}</ul>'
        return f"<mj-text>{before}{items}{after}</mj-text>"
    written = "<br />".join(lines)
    if "{due_local}" in written:
        paper = COLOURS["due"][1]
        return f'<mj-text container-background-color="{paper}" padding="10px 24px">{_strong(written, "due_local")}</mj-text>'
    if "{code}" in written:
        paper = COLOURS["code"][1]
        return f'<mj-text container-background-color="{paper}" padding="10px 24px">{_strong(written, "code")}</mj-text>'
    return f"<mj-text>{written}</mj-text>"


def _strong(written: str, slot: str) -> str:
    return written.replace("{" + slot + "}", "<strong>{" + slot + "}</strong>")
