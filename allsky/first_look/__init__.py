"""What does a clock show before anything is configured? `allsky clock`, which needs no archive.

`look` answers for a video, a folder of stills or a picture; `unconfigured` reads its frames with every night and order
that it could have; `sentences` says what was found.
"""
