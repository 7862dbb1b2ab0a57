package report

import (
	"strings"

	"muster/internal/core/fault"
	"muster/internal/core/yamlfile"
)

// NoTask is the error for a task that a run does not have. It names the nearest
// one, or those that there are.
func NoTask(task string, r *Run) error {
	var all []string
	for _, t := range r.Tasks {
		all = append(all, t.ID)
	}
	if near := yamlfile.Nearest(task, all); near != "" {
		return fault.New(fault.NotFound, "find the task %q: run %s has no such task", task, r.Name).WithHint("did you mean %s?", near)
	}
	const most = 12
	if len(all) > most {
		all = append(all[:most], "...")
	}
	if task == r.Name {
		return fault.New(fault.NotFound, "find the task %q: that is a run", task).
			WithHint("name one of its tasks: %s/%s", r.Name, strings.Join(all, ", "+r.Name+"/"))
	}
	return fault.New(fault.NotFound, "find the task %q: run %s has no such task", task, r.Name).
		WithHint("its tasks are %s", strings.Join(all, ", "))
}
