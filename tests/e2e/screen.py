"""Reads the text on a screen: cells of 8x16 pixels, by comparison with the driver's font."""
import re


def load_font(path):
    """{the 16 rows of a glyph: its character} of the C file that fontgen made."""
    source = open(path).read()
    table = source[source.index("glyphs[][16] = {") + 16:source.index("};")]
    rows = [bytes(int(n) for n in g.split(",") if n.strip())
            for g in re.findall(r"\{([\d, ]+)\}", table)]
    font = {}
    for first, last, base in re.findall(r"ch >= 0x(\w+) && ch <= 0x(\w+)\)\s+return "
                                        r"glyphs\[ch - 0x\w+ \+ (\d+)\]", source):
        for i in range(int(last, 16) - int(first, 16) + 1):
            font.setdefault(rows[int(base) + i], chr(int(first, 16) + i))
    return font


def cell(width, pixels, x, y):
    """The glyph in a cell: pixels that differ from the most frequent colour of the cell."""
    at = [3 * ((16 * y + r) * width + 8 * x) for r in range(16)]
    rows = [pixels[a:a + 24] for a in at]
    if rows.count(rows[0]) == 16 and rows[0] == rows[0][:3] * 8:
        return bytes(16)
    colours = [row[i:i + 3] for row in rows for i in range(0, 24, 3)]
    back = max(set(colours), key=colours.count)
    return bytes(sum(0x80 >> i for i in range(8) if row[3 * i:3 * i + 3] != back) for row in rows)


def read_screen(font, width, height, pixels):
    """The lines of text; U+FFFD where a cell holds no character."""
    return ["".join(font.get(cell(width, pixels, x, y), "\ufffd")
                    for x in range(width // 8)).rstrip() for y in range(height // 16)]
