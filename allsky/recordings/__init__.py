"""What cameras leave behind: files on disk, what each of them holds, and the archive they make.

- Files: `files` finds them, `probing` and `decoding` open them, `video` and `stills` hand out frames, `aside` looks
  at these while the next are decoded.
- What is there, and what is wrong with it: `inventory` for videos, `still_inventory` for folders of stills.
- Nights: `recording` is what one is made of, `nights` over which a recording runs, `teaching` which frames teach
  its clock.
- Stills without a clock: `still_dating` says what tells their time, `still_times` when each was taken,
  `given_clock` is their night's clock.
"""
