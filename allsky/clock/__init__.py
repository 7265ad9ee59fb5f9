"""The clock burned into the frames: where it stands, what it shows, when each frame was taken, and if that is true.

- Where text may stand, and what Tesseract reads there: `boxes`, `text_rows`, `ink`, `polarity`, `guises`,
  `tesseract`; `search` and `places` find the clock among it, `given` holds what somebody has said of it.
- What it says: `formats` (by `format_regex`), `recognition`, `mending`, `month_names`, `order`.
- What a night's clock looks like: `learning`, for each `part` of it `part_reading`, `missed_digits` and
  `part_learning`. Where its characters stand tell `part_crops`, by `text_layout`, `spacing`, `spacing_lessons`,
  `heights` and `hold`, and `digit_places`; which they are tell `part_votes`, `glyph_lessons`, `digit_names`,
  `digit_likeness`, `digit_alikeness` and `part_witness`.
- Every frame read: `learned` by `glyphs`, into `reading_log` and `evidence_kept`, gathered by `frames_read`;
  `record` keeps a learned clock, `found_picture` draws it.
- From times to UTC: `dating`, by `zones`, `autumn`, `noon`, `half_day`, `timeline`, `minutes` and `video_times`;
  what speaks against a time: `night_glyphs` by `glyph_witness`, `digit_leaps`, `stale_digits`, `excursions`,
  `off_by_tens`.
- Held against other witnesses: `audit`, `twilight_witness`, `moon_witness`, `ledger`.
- A picture that speaks for itself alone: `picture`, by `digit_looks`.

The *zoo*, from which comments have figures, is `benchmarks/clock_zoo.py`: clips with drawn clocks.
"""
