"""Draw the logo, the favicon and the picture for link previews: an autoencoder's layers as dots, wide, narrow, wide.

python book_assets/make_logo.py
"""

from itertools import pairwise
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

HERE = Path(__file__).resolve().parent
# Both colours keep a contrast of at least 3:1 against white and against the dark theme's background.
OUTER, CODE, LINE = "#3f7fbf", "#d9701a", "#8b95a5"


def layer(count: int, x: float, middle: float, pitch: float) -> list[tuple[float, float]]:
    """Place ``count`` dots in a column centred on ``middle``."""
    return [(x, middle + pitch * (i - (count - 1) / 2)) for i in range(count)]


def draw(widths: list[int], *, size: tuple[int, int], pitch: float, radius: float, title: str) -> str:
    """Give an SVG of fully connected layers with the given numbers of dots; the narrowest is the code."""
    width, height = size
    step = (width - 2 * radius - 4) / (len(widths) - 1)
    columns = [layer(count, 2 + radius + i * step, height / 2, pitch) for i, count in enumerate(widths)]
    lines = "".join(
        f"M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}"
        for left, right in pairwise(columns)
        for x1, y1 in left
        for x2, y2 in right
    )
    dots = "".join(
        f'  <circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{CODE if count == min(widths) else OUTER}"/>\n'
        for count, column in zip(widths, columns, strict=True)
        for x, y in column
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">\n'
        f"  <title>{title}</title>\n"
        f'  <path d="{lines}" stroke="{LINE}" stroke-width="{radius / 8:.2f}" opacity="0.55" fill="none"/>\n'
        f"{dots}</svg>\n"
    )


def draw_preview(widths: list[int], *, size: tuple[int, int] = (1200, 630), scale: int = 3) -> Image.Image:
    """Give the picture that stands for the book where somebody shares a link: the logo above the title."""
    import matplotlib  # for the font that comes with it

    width, height = size[0] * scale, size[1] * scale
    image = Image.new("RGB", (width, height), "#ffffff")
    pen = ImageDraw.Draw(image)
    radius, middle = height // 36, height * 0.36
    step = width * 0.6 / (len(widths) - 1)
    columns = [layer(count, width * 0.2 + i * step, middle, height * 0.1) for i, count in enumerate(widths)]
    for left, right in pairwise(columns):
        for start in left:
            for end in right:
                pen.line([start, end], fill="#c5cad2", width=2 * scale)
    for count, column in zip(widths, columns, strict=True):
        for x, y in column:
            colour = CODE if count == min(widths) else OUTER
            pen.ellipse([x - radius, y - radius, x + radius, y + radius], fill=colour)
    fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    for text, name, points, y in (
        ("Autoencoders, Measured", "DejaVuSans-Bold.ttf", 68, 0.78),
        ("a course in executed notebooks", "DejaVuSans.ttf", 38, 0.90),
    ):
        font = ImageFont.truetype(fonts / name, points * scale)
        pen.text((width / 2, height * y), text, font=font, fill="#1f2733", anchor="mm")
    return image.resize(size, Image.Resampling.LANCZOS)


if __name__ == "__main__":
    logo = draw([6, 4, 2, 4, 6], size=(200, 120), pitch=20, radius=6.5, title="Autoencoders, Measured")
    (HERE / "logo.svg").write_text(logo, encoding="utf-8")
    icon = draw([3, 1, 3], size=(64, 64), pitch=21, radius=8.5, title="Autoencoders, Measured")
    (HERE / "favicon.svg").write_text(icon, encoding="utf-8")
    preview = draw_preview([6, 4, 2, 4, 6]).quantize(64)
    preview.save(HERE / "static" / "preview.png", optimize=True)
