package app

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"time"

	"muster/internal/adapter/git"
	"muster/internal/adapter/login"
	"muster/internal/app/exposure"
	"muster/internal/app/furnish"
	"muster/internal/app/models"
	"muster/internal/app/observe"
	"muster/internal/app/offers"
	"muster/internal/app/plans"
	"muster/internal/app/telemetry"
	"muster/internal/core/config"
	"muster/internal/core/fault"
	"muster/internal/core/job"
	"muster/internal/core/resource"
	"muster/internal/core/taint"
)

// Level says whether a point needs the person.
type Level string

// The levels of a point.
const (
	Good  Level = "ok"
	Worth Level = "note" // worth knowing
	Bad   Level = "bad"  // stops Muster from working here
)

// Point is one thing that was looked at.
type Point struct {
	About string `json:"about"`
	Level Level  `json:"level"`
	Text  string `json:"text"`
	Hint  string `json:"hint,omitempty"`
}

// Diagnosis is what was found on this machine and in this repository.
type Diagnosis struct {
	OK     bool            `json:"ok"` // nothing is bad
	Points []Point         `json:"points"`
	Config []config.Origin `json:"config,omitempty"` // what is in force, and where it comes from
	Ways   []taint.Path    `json:"ways"`             // on which strangers could do harm through agents; null when nobody looked
	Next   string          `json:"next,omitempty"`   // what to type next

	disk  furnish.Disk
	able  []job.Agent // whose programs are here
	force config.Config
}

// Probing says whether Examine asks models.
type Probing int

// What Examine may do.
const (
	NoProbe Probing = iota // asks programs for their versions, nothing else
	Probe                  // also has each agent that is there ask its model one tiny question, which may cost a little
)

// Examine looks at the machine and the repository. What is wrong is a point,
// never an error.
func Examine(ctx context.Context, h Host, probing Probing) Diagnosis {
	d := &Diagnosis{OK: true, Points: []Point{}}
	s := d.examine(ctx, h, probing)
	if s != nil {
		defer s.Close()
	}
	d.Next = d.whatNext(ctx, s)
	return *d
}

// examine gives the repository that was looked at, or nil when it could not
// be opened.
func (d *Diagnosis) examine(ctx context.Context, h Host, probing Probing) *Session {
	path, major, minor, err := git.Version(ctx)
	if err != nil {
		d.bad("git", err)
		return nil
	}
	d.add("git", Good, fmt.Sprintf("%s, version %d.%d", path, major, minor))
	s, err := Open(ctx, h)
	if err != nil {
		d.bad("repository", err)
		return nil
	}
	d.repository(s)
	d.state(s)
	d.models(s)
	d.engine(s) //nolint:contextcheck // looking at the lock has a bound of its own
	if runtime.GOOS != "linux" {
		d.add("system", Bad, runtime.GOOS+" is not supported yet; agents can be run on Linux only")
	}
	d.configured(ctx, s, probing)
	return s
}

func (d *Diagnosis) add(about string, l Level, text string) {
	d.Points = append(d.Points, Point{About: about, Level: l, Text: text})
	d.OK = d.OK && l != Bad
}

func (d *Diagnosis) bad(about string, err error) {
	d.Points = append(d.Points, Point{About: about, Level: Bad, Text: err.Error(), Hint: fault.HintOf(err)})
	d.OK = false
}

func (d *Diagnosis) repository(s *Session) {
	p := s.place
	where := p.TopLevel
	if where == "" {
		where = p.CommonDir
	}
	d.add("repository", Good, fmt.Sprintf("%s (%s)", where, p.Format))
	if p.Bare {
		d.add("repository", Worth, "bare: name a target in each plan")
	}
	if p.Shallow {
		d.add("repository", Worth, "shallow: the history is cut off; git fetch --unshallow mends that")
	}
}

func (d *Diagnosis) state(s *Session) {
	disk := furnish.Measure(s.state)
	d.add("state", Good, s.state+", "+disk.Text(resource.Size))
	d.disk = disk
}

// models tells which prices of models are in force, and to whom is told what
// happens.
func (d *Diagnosis) models(s *Session) {
	if text, err := models.PricesText(filepath.Dir(s.state)); err != nil {
		d.bad("prices", err)
	} else {
		d.add("prices", Good, text)
	}
	text, problems := telemetry.Text(s.host.Env)
	if text != "" {
		d.add("telemetry", Good, text)
	}
	for _, p := range problems {
		d.add("telemetry", Worth, p)
	}
}

func (d *Diagnosis) engine(s *Session) {
	driver, err := s.Driver()
	switch {
	case err != nil:
		d.bad("engine", err)
	case driver == nil:
		d.add("engine", Good, "nobody drives a run")
	default:
		d.add("engine", Good, fmt.Sprintf("process %d drives, since %s", driver.PID, time.UnixMicro(driver.StartedUS).Format("2006-01-02 15:04:05")))
	}
}

// configured reads the configuration at the commit that is checked out, and
// looks for the agents that it names.
func (d *Diagnosis) configured(ctx context.Context, s *Session, probing Probing) {
	repo, err := s.git(ctx)
	if err != nil {
		d.bad("repository", err)
		return
	}
	c, from := config.Default(), "defaults, as no commit is checked out"
	if head, err := repo.Resolve(ctx, "HEAD"); err == nil {
		var warnings []string
		if c, warnings, err = plans.Config(ctx, repo, head.Commit); err != nil {
			d.bad("config", err)
			return
		}
		for _, w := range warnings {
			d.add("config", Worth, w)
		}
		d.special(ctx, repo, head.Commit)
		c.Tools = d.offered(ctx, s, repo, head.Commit)
		from = "as committed at HEAD; a run reads it from the tip of its target"
		if text := plans.Uncommitted(ctx, repo, head.Commit, s.place.TopLevel); text != "" {
			d.Points = append(d.Points, Point{About: "config", Level: Worth, Text: text, Hint: plans.CommitConfig})
		}
	} else {
		_, _, err = repo.Target(ctx, "") // says whether there is no commit, or no branch
		d.bad("repository", err)
	}
	d.add("config", Good, from)
	d.resources(c.Resources)
	d.sandbox(ctx, s, c)
	d.Config, d.force = c.Origin, c
	for _, g := range c.Agents {
		d.agent(ctx, s, g, probing)
	}
	d.someAgent(s, c)
	if d.Ways, err = exposure.Ways(ctx, c, d.able, s.host, s.walls); err != nil {
		d.bad("security", err)
	}
}

// sandbox tells what confines agents and checks, proved by attack.
func (d *Diagnosis) sandbox(ctx context.Context, s *Session, c config.Config) {
	lines, err := s.walls.Prove(ctx, c.Sandbox, s.host.Env["HOME"])
	if err != nil {
		d.bad("sandbox", err)
	}
	for _, l := range append(lines, s.walls.Doubts(c.Agents)...) {
		d.Points = append(d.Points, Point{About: "sandbox", Level: Level(l.Level), Text: l.Text, Hint: l.Hint})
		d.OK = d.OK && Level(l.Level) != Bad
	}
}

// special tells what of the repository is treated in a way of Muster's own.
func (d *Diagnosis) special(ctx context.Context, repo *git.Repo, commit string) {
	texts, err := furnish.Particulars(ctx, repo, commit)
	if err != nil {
		d.bad("repository", err)
	}
	for _, t := range texts {
		d.add("repository", Worth, t)
	}
}

// offered tells what the repository offers agents and who approved it.
func (d *Diagnosis) offered(ctx context.Context, s *Session, repo *git.Repo, commit string) []job.Tool {
	tools, text, lapsed, err := offers.Told(ctx, repo, s.state, commit)
	switch {
	case err != nil:
		d.bad("offers", err)
	case text != "":
		d.add("offers", Good, text)
	}
	for _, t := range lapsed {
		d.add("offers", Worth, t)
	}
	return tools
}

// resources tells whether the machine has room for agents.
func (d *Diagnosis) resources(l resource.Limits) {
	text, hint := furnish.RoomText(l, d.disk)
	d.Points = append(d.Points, Point{"resources", Good, text, hint})
	if hint != "" {
		d.Points[len(d.Points)-1].Level = Worth
	}
}

func (d *Diagnosis) agent(ctx context.Context, s *Session, g job.Agent, probing Probing) {
	about := "agent " + g.Name
	program, err := s.agents.Program(g)
	if err != nil {
		d.bad(about, err)
		return
	}
	if isOfWorktree(g, program) {
		d.add(about, Good, program+", relative to the worktree")
		d.able = append(d.able, g)
		return
	}
	path, ok := s.host.LookPath(program, s.host.Dir)
	if !ok {
		d.Points = append(d.Points, Point{About: about, Level: Worth, Text: fmt.Sprintf("%s is not on PATH", program), Hint: "install it when you want to use this agent"})
		return
	}
	text := path
	if want := login.Tested(g.Driver); want != "" {
		text += ", version " + observe.Version(ctx, s.host.CheckEnv(), append(append([]string{}, s.host.Self...), "shim"), s.state, path) + " (tested with " + want + ")"
	}
	d.add(about, Good, text)
	d.able = append(d.able, g)
	d.login(s, g)
	if probing == Probe {
		d.probe(ctx, s, g)
	}
}

// login says how an agent is logged in, as far as it can be seen without
// reading what is secret.
func (d *Diagnosis) login(s *Session, g job.Agent) {
	about := "login " + g.Name
	found := loginOf(s, g)
	switch {
	case !found.Known:
	case g.Login == job.LoginKey && len(found.Keys) == 0:
		d.Points = append(d.Points, Point{About: about, Level: Worth, Text: "login: key is asked for, and no variable holds one", Hint: found.Hint})
	case !found.Is():
		d.Points = append(d.Points, Point{About: about, Level: Worth, Text: found.String(), Hint: found.Hint + "; muster doctor --probe asks the model"})
	default:
		d.add(about, Good, found.String()+"; "+models.Way(d.force, g, s.host))
	}
}
