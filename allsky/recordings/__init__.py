"""What cameras leave behind: files on disk, what each of them holds, and the archive they make.

`files` finds them, `probing` and `decoding` open them, `video` hands out frames, `inventory` names what is there
and what is wrong with it.
"""
