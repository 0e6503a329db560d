"""The studies of the demonstration, by people who do not exist."""

from collections.abc import Iterator

from pacs_proxy.demo.phantom import (
    T1_CORONAL,
    Label,
    Patient,
    Series,
    Study,
    ct_series,
    mammogram,
    mr_series,
    ultrasound_cine,
)
from pacs_proxy.demo.syntaxes import LOSSLESS

# The Japanese and Arabic names are the examples of PS3.5 annexes H and I.
JAPANESE = Patient(
    "Yamada^Tarou=山田^太郎=やまだ^たろう", "DEMO-0005", "19520703", "M", ("", "ISO 2022 IR 87")
)
CYRILLIC = Patient("Демо^Голова", "DEMO-0006", "19880921", "M")
ARABIC = Patient("قباني^لنزار", "DEMO-0007", "19750214", "M")


def demo_series() -> Iterator[Series]:
    """Give every series of the demonstration, about 150 MB in all."""
    yield from _heads()
    yield from _others()
    yield from _packed()
    yield from _scripts()


def _heads() -> Iterator[Series]:
    head = Study(Patient("Demo^Head"), "CT head", "DEMO-A1", "20260914")
    yield ct_series(128, 512, 512, label=Label(head, 1, "Head axial 1.1 mm"))
    yield ct_series(32, 512, 512, signed=False, label=Label(head, 2, "Head axial 4.5 mm"))
    brain = Study(Patient("Demo^Head"), "MR brain", "DEMO-A2", "20260915")
    yield mr_series(40, 256, 256, label=Label(brain, 1))
    yield mr_series(32, 256, 256, protocol=T1_CORONAL, label=Label(brain, 2))


def _others() -> Iterator[Series]:
    heart = Study(Patient("Demo^Heart", "DEMO-0002", "19480125", "M"), "Echo", "DEMO-A3")
    yield ultrasound_cine(label=Label(heart, 1))
    breast = Study(Patient("Demo^Breast", "DEMO-0003", "19700530"), "Mammogram", "DEMO-A4")
    yield mammogram(label=Label(breast, 1))


def _packed() -> Iterator[Series]:
    patient = Patient("Demo^Compressed", "DEMO-0004", "19930808", "O")
    study = Study(patient, "One series per transfer syntax", "DEMO-A5", "20260916")
    for number, (syntax, (name, _)) in enumerate(LOSSLESS.items(), start=1):
        make = ct_series if number % 2 else mr_series
        yield make(12, 256, 256, syntax, label=Label(study, number, f"{name} lossless"))


def _scripts() -> Iterator[Series]:
    japanese = Study(JAPANESE, "頭部MRI", "DEMO-A6", "20260917")
    yield mr_series(12, 256, 256, label=Label(japanese, 1, "T2 頭部"))
    cyrillic = Study(CYRILLIC, "Голова, КТ", "DEMO-A7", "20260918")  # noqa: RUF001
    yield ct_series(12, 256, 256, label=Label(cyrillic, 1, "Голова, аксиально"))
    arabic = Study(ARABIC, "رنين الدماغ", "DEMO-A8", "20260919")
    yield mr_series(12, 256, 256, protocol=T1_CORONAL, label=Label(arabic, 1))
