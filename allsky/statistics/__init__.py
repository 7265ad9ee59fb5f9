"""How often a classifier is wrong, in which direction, and how sure that is.

`night_totals` counts, `intervals` and `rates` estimate under each sky condition, `contrasts` compares conditions,
`correction` tells shares of sky from shares of predictions, `confusion` takes several classes apart, `reliability`
asks what a probability means, `baseline`, `comparison` and `scores` set classifiers side by side, `evidence` says
where one looked. Of people: `agreement`, `labellers`, and in `budget` how many answers an interval takes.
"""
