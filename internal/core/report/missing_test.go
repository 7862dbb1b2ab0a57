package report_test

import (
	"strconv"
	"testing"

	"muster/internal/core/fault"
	"muster/internal/core/report"
)

func TestNoTask(t *testing.T) {
	few := &report.Run{Name: "limits", Tasks: []report.Task{{ID: "bucket"}, {ID: "handler"}}}
	many := &report.Run{Name: "many"}
	for i := range 20 {
		many.Tasks = append(many.Tasks, report.Task{ID: "task-" + strconv.Itoa(i)})
	}
	for _, test := range []struct {
		run              *report.Run
		task, says, hint string
	}{
		{few, "bukcet", `find the task "bukcet": run limits has no such task`, "did you mean bucket?"},
		{few, "xyz", `find the task "xyz": run limits has no such task`, "its tasks are bucket, handler"},
		{few, "limits", `find the task "limits": that is a run`, "name one of its tasks: limits/bucket, limits/handler"},
		{
			many, "x", `find the task "x": run many has no such task`,
			"its tasks are task-0, task-1, task-2, task-3, task-4, task-5, task-6, task-7, task-8, task-9, task-10, task-11, ...",
		},
	} {
		err := report.NoTask(test.task, test.run)
		if err.Error() != test.says || fault.HintOf(err) != test.hint || fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s: got %q, %q", test.task, err, fault.HintOf(err))
		}
	}
}
