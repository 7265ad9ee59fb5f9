"""The clock burned into the frames: where it stands, what it shows, when each frame was taken, and if that is true.

From pictures to times: `overlay`, `tesseract` and `text_layout` find and read text; `recognition`, `formats` and
`order` say in which format it is a date and a time; `search`, `places` and `part_learning` learn one
night's clock, `spacing_lessons` how wide its digits are (`spacing`), `glyph_lessons` its characters (`glyphs`);
`learning` is that as a whole, `learned` reads every frame with it, `part` by `part`.
From times to UTC: `zones`, `timeline`, `minutes`, `dating`. Held against other witnesses: `audit`,
`twilight_witness`, `moon_witness`, `ledger`. A picture that speaks for itself alone: `picture`.
"""
