"""Forty people for labels, in fourteen scripts, with studies, texts and barcodes of every kind.

Every name is invented or a standard's own example (PS3.5 annexes H, I, J and K).
"""

from typing import Final

from burnish.contracts import Barcode, Label, LabelPerson, LabelStudy

NAMES: Final = (
    # Latin
    ("Adams^John Robert Quincy^^Rev.^B.A. M.Div.",),
    ("Doe^Jane",),
    ("Müller-Lüdenscheidt^Jörg^^Prof. Dr. med.",),
    ("Łukasiewicz^Żaneta",),
    ("Nguyễn^Thị Ánh Tuyết",),
    ("Ørsted^Åse",),
    ("O'Connor^Siobhán",),
    ("Wolfeschlegelsteinhausenbergerdorff^Hubert Blaine",),
    ("İnönü^Şükrü",),
    # Greek
    ("Παπαδόπουλος^Γιώργος",),
    ("Διονυσιος",),
    ("Χατζηδάκη^Μαρία^^Δρ.",),
    # Cyrillic
    ("Иванова^Жанна^Петровна",),
    ("Щербаков^Юрий",),
    ("Ђорђевић^Љиљана",),
    # Arabic
    ("قباني^لنزار",),
    ("العبدالله^محمد عبد الرحمن",),
    ("کریمی^زهرا",),
    ("AlSayed^Fatima=السيد^فاطمة",),
    # Hebrew
    ("שרון^דבורה",),
    ("כהן^אברהם",),
    ("Levi^Miriam=לוי^מרים",),
    # Thai
    ("ใจดี^สมชาย",),
    ("รักไทย^สมหญิง^^นาง",),
    # Devanagari
    ("शर्मा^राजेश",),
    ("श्रीवास्तव^लक्ष्मी",),
    # Bengali
    ("চট্টোপাধ্যায়^সৌমিত্র",),
    # Tamil, Telugu
    ("முருகன்^கண்ணன்",),
    ("రామారావు^లక్ష్మి",),
    # Khmer
    ("សុខ^វិបុល",),
    # Han, kana, hangul
    ("Yamada^Tarou=山田^太郎=やまだ^たろう",),
    ("ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",),
    ("Suzuki^Hanako=鈴木^花子=すずき^はなこ",),
    ("Hong^Gildong=洪^吉洞=홍^길동",),
    ("Kim^Minseo=金^敏書=김^민서",),
    ("Wang^XiaoDong=王^小東",),
    ("Zhang^XiaoDong=张^小东",),
    ("Wang^XiaoDong=王^小东",),
    ("Ouyang^Xiu=歐陽^修",),
    # Several scripts and hardly anything
    ("X",),
)
BARCODES: Final = (
    Barcode(value="ACC-2026-0042", symbology="CODE128"),
    Barcode(value="A123BJC5D6E71", symbology="HIBC"),
    Barcode(value="PAT 0042", symbology="CODE39"),
    Barcode(value="0123456789", symbology="INTER_2_5"),
    Barcode(value="https://example.org/42", symbology="QR"),
    Barcode(value="DM-42", symbology="DATAMATRIX"),
    None,
)


def people(groups: tuple[str, ...], number: int) -> LabelPerson:
    """One of them."""
    return LabelPerson(
        names=tuple(groups[0].split("=")),
        patient_id=f"PID-{number:05}",
        issuer="HOSP" if number % 3 == 0 else "",
        birth_date=f"19{number % 90 + 10}-0{number % 9 + 1}-1{number % 9}",
        sex="MFO"[number % 3],
    )


def sample(number: int) -> Label:
    """Label of the person of a number, from 0."""
    studies = tuple(
        LabelStudy(
            person=0,
            study_id=f"S{number}{place}",
            date=f"2026-0{place + 1}-1{number % 9}",
            description=("CT Thorax", "MR Kopf mit Kontrastmittel", "胸部X線")[(number + place) % 3],
            accession=f"A{number:06}{place}" if number % 2 else "",
            modalities=("CT", "SR") if place else ("MR",),
        )
        for place in range(number % 3 + 1)
    )
    return Label(
        token=f"K3JF9Q2M{number:02}",
        piece=number % 3 + 1,
        volume=number % 2 + 1,
        volumes=2,
        copies=number % 3 + 1,
        file_set_id=f"DISC_{number}",
        made="2026-11-23",
        content="DICOM PLUS WEB" if number % 4 == 0 else "DICOM ONLY",
        profile="STD-GEN-CD",
        institution="St. Elsewhere Hospital, Radiology",
        text=("Ward 7", "", "für Dr. Müller", "対診用")[number % 4],
        disposition="Dr. Gregory House\n221B Baker Street\nPrinceton" if number % 2 else "",
        barcode=BARCODES[number % len(BARCODES)],
        people=(people(NAMES[number], number),),
        studies=studies,
        more={"ReferringPhysicianName": ("House^Gregory",)} if number % 5 == 0 else {},
    )


LABELS: Final = tuple(sample(number) for number in range(len(NAMES)))
