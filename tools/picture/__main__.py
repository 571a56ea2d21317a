"""Draw docs/architecture.svg from the imports of src: `python -m tools.picture`, in the project's root."""

from pathlib import Path

from tools.picture.drawing import draw

TARGET = Path(__file__).parents[2] / "docs" / "architecture.svg"


if __name__ == "__main__":
    TARGET.write_text(draw(), "utf-8")
    print(f"{TARGET} is drawn")
