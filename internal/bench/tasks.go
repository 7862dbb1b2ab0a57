package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"time"

	"muster/internal/app"
	"muster/internal/core/report"
)

const overheadAim = 50 * time.Millisecond

// graph is the form of a plan.
type graph struct {
	tasks    int
	chain    int // tasks in a row; 1 means that none needs another
	parallel int
}

func (g graph) String() string {
	form := "side by side"
	switch {
	case g.chain == g.tasks:
		form = "in one chain"
	case g.chain > 1:
		form = fmt.Sprintf("in chains of %d", g.chain)
	}
	return fmt.Sprintf("%d tasks %s, parallel %d", g.tasks, form, g.parallel)
}

// plan writes a plan of this form.
func (g graph) plan(name string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "version: 1\nname: %s\ngoal: Files\nbudget: {parallel: %d}\ntasks:\n", name, g.parallel)
	for i := range g.tasks {
		needs := ""
		if i%g.chain > 0 {
			needs = fmt.Sprintf("t%d", i-1)
		}
		fmt.Fprintf(&b, "  - {id: t%d, type: chore, title: File %d, prompt: Write it, scope: [d00/t%d], needs: [%s]}\n", i, i, i, needs)
	}
	return b.String()
}

// taskRows measures whole runs beside the commands that a person would put
// into a script.
func taskRows(ctx context.Context, w *workshop, n sizes) ([]row, error) {
	agent, err := agentTime(ctx, w, n.fanOut)
	if err != nil {
		return nil, err
	}
	graphs := []graph{{n.fanOut, 1, 4}, {n.fanOut, 1, 1}, {n.chain, n.chain, 4}}
	costs := make([]cost, len(graphs))
	for i, g := range graphs {
		all, err := runTime(ctx, w, n.files, g)
		if err != nil {
			return nil, err
		}
		costs[i] = all.per(g.tasks)
	}
	// The script comes last: it deletes a worktree for each task, and some file
	// systems make new files slowly for minutes after many were deleted.
	script, err := scriptTime(ctx, w, n)
	if err != nil {
		return nil, err
	}
	size := fmt.Sprintf("%d files", n.files)
	rows := []row{
		within("the agent alone", "sh -c 'echo >'", n.fanOut, agent, 0),
		within("shell script: overhead per task", size, n.fanOut, script.wall-agent, 0),
		within("  processor time per task", size, n.fanOut, script.processor, 0),
	}
	for i, g := range graphs {
		each := costs[i]
		overhead := each.wall - agent
		rows = append(rows,
			within("muster run: overhead per task", size+", "+g.String(), g.tasks, overhead, overheadAim),
			within("  processor time per task", size, g.tasks, each.processor, 0),
			row{what: "  overhead over the shell script's", size: size, count: g.tasks, got: fmt.Sprintf("%.2f x", float64(overhead)/float64(script.wall-agent))})
	}
	return rows, nil
}

// manyRows completes many tasks once.
func manyRows(ctx context.Context, w *workshop, n sizes, tasks int) ([]row, error) {
	var rows []row
	for _, g := range []graph{{tasks / 2, 1, 4}, {tasks / 20 * 10, 10, 4}} {
		all, err := runTime(ctx, w, n.files, g)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row{
			what: "muster run: in all", size: fmt.Sprintf("%d files, %s", n.files, g), count: g.tasks,
			got: fmt.Sprintf("%.1f s, %s each", all.wall.Seconds(), millis(all.per(g.tasks).wall)),
		})
	}
	return rows, nil
}

// runTime gives the cost of a whole run in a process of its own, and makes
// sure that every task landed.
func runTime(ctx context.Context, w *workshop, files int, g graph) (cost, error) {
	p, err := w.newPlace(ctx, files)
	if err != nil {
		return cost{}, err
	}
	file, err := p.writeOutside("plan.yaml", g.plan("files"))
	if err != nil {
		return cost{}, err
	}
	all, err := p.timed(ctx, p.muster, "run", file)
	if err != nil {
		return cost{}, err
	}
	return all, p.landed(ctx, g.tasks)
}

// landed makes sure that so many tasks landed.
func (p *place) landed(ctx context.Context, want int) error {
	out, err := p.command(ctx, p.muster, "status", "--json")
	if err != nil {
		return err
	}
	var v app.View
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		return fmt.Errorf("read muster status --json: %w", err)
	}
	got := 0
	for _, t := range v.Tasks {
		if t.State == report.Landed {
			got++
		}
	}
	if got != want {
		return fmt.Errorf("%d of %d tasks landed; run is %s: %s", got, want, v.Stage, v.Why)
	}
	return nil
}

// agentTime gives what the agent itself takes, from its start to its end.
func agentTime(ctx context.Context, w *workshop, n int) (time.Duration, error) {
	p, err := w.newPlace(ctx, 1)
	if err != nil {
		return 0, err
	}
	p.env = append(p.env, "MUSTER_TASK=t")
	return timed(n, func() error { return p.cmd(ctx, "sh", "-c", agentLine).Run() })
}

// script is what a person would put together who has no Muster.
const script = `set -e
i=0
while [ $i -lt $1 ]; do
	git worktree add -q -b task-$i "$2/$i" main
	(cd "$2/$i" && MUSTER_TASK=t$i sh -c '` + agentLine + `' && git add -A && git commit -q -m "File $i")
	git merge -q --no-edit task-$i
	git worktree remove "$2/$i"
	i=$((i+1))
done
`

// scriptTime gives the cost per task of the script, one task after another.
func scriptTime(ctx context.Context, w *workshop, n sizes) (cost, error) {
	p, err := w.newPlace(ctx, n.files)
	if err != nil {
		return cost{}, err
	}
	file, err := p.writeOutside("script.sh", script)
	if err != nil {
		return cost{}, err
	}
	all, err := p.timed(ctx, "sh", file, fmt.Sprint(n.fanOut), filepath.Join(p.root, "worktrees"))
	if err != nil {
		return cost{}, err
	}
	out, err := p.command(ctx, "git", "ls-files", "d00/t*")
	if got := strings.Count(out, "\n"); err == nil && got != n.fanOut {
		err = fmt.Errorf("the script landed %d of %d files", got, n.fanOut)
	}
	return all.per(n.fanOut), err
}

// profileRun drives one run in this process and writes its CPU profile. Git,
// shims and agents are other processes and are not in it.
func profileRun(ctx context.Context, w *workshop, n sizes, file string) error {
	p, err := w.newPlace(ctx, n.files)
	if err != nil {
		return err
	}
	path, err := p.writeOutside("plan.yaml", graph{n.fanOut, 1, 4}.plan("files"))
	if err != nil {
		return err
	}
	s, err := app.Open(ctx, p.host())
	if err != nil {
		return err
	}
	defer s.Close()
	return profiled(file, func() error {
		begun, err := s.Start(ctx, app.Start{Plan: path})
		if err != nil {
			return err
		}
		_, err = s.Carry(ctx, app.Carry{Run: begun.Run, Sent: []string{begun.Message}, Until: app.Settled})
		return err
	})
}

// profiled writes the CPU profile of what f does.
func profiled(file string, f func() error) error {
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	if err := pprof.StartCPUProfile(out); err != nil {
		return errors.Join(err, out.Close())
	}
	err = f()
	pprof.StopCPUProfile()
	return errors.Join(err, out.Close())
}

// host is this place as the app sees it.
func (p *place) host() app.Host {
	h := app.Host{Dir: p.repo(), Env: map[string]string{}, Self: []string{p.muster}}
	for _, entry := range p.env {
		name, value, _ := strings.Cut(entry, "=")
		h.Env[name] = value
	}
	return h
}
