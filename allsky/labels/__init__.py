"""What people answer about frames, and which of their answers teach.

Which frames are asked about: `roles`, `sampling`, `queue`, `active_learning`. How an answer is kept and found again:
`file`, `answers`, `exchange`. Which answers teach: `split`. How far people agree, and how many answers it takes, is
counted in `allsky.statistics`.
"""
