"""What people answer about frames, and which of their answers teach.

Which frames are asked about: `roles`, `sampling`, `queue`, `active_learning`, `budget`. How an answer is kept and
found again: `file`, `answers`, `exchange`. How far people agree: `agreement`, `labellers`. Which answers teach:
`split`.
"""
