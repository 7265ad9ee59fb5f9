# The same doors as ./run, for those who have make: `make report`, `make test`, ...
# Options: `make report ARGS="--first-night 2020-12-01"`.
TARGETS = report test simulate luigid lint docs setup help

.PHONY: $(TARGETS)
.DEFAULT_GOAL = help

$(TARGETS):
	@./run $@ $(ARGS)
