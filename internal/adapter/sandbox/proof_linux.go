package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/internal/adapter/sandbox/confine"
	"muster/internal/core/fault"
	"muster/internal/core/job"
)

// targets is what a proof attacks. All of it belongs to whoever asks.
type targets struct {
	Home     string `json:"home"`     // of the person
	Records  string `json:"records"`  // a folder of Muster's
	Loopback string `json:"loopback"` // somebody listens there
	Outside  string `json:"outside"`  // the same on an address that is not the loopback's; empty when there is none
	PID      int    `json:"pid"`      // of a process outside
	Name     string `json:"name"`     // its program
	Mark     string `json:"mark"`     // name of the file that is left outside
}

// answerLimit bounds the wait for an answer: nothing goes through real nets.
const answerLimit = 2 * time.Second

// Prove attacks this machine from a confined process of the form, nil being
// off, as hostile code would, and says what came of each attempt. Home and
// records are folders that it must not get at.
func (e *Executor) Prove(ctx context.Context, form *job.Confinement, home, records string) ([]Attempt, error) {
	if len(e.shim) == 0 {
		return nil, fault.New(fault.Internal, "the executor has no program to start shims with")
	}
	work, err := os.MkdirTemp("", "muster-proof-*")
	if err != nil {
		return nil, fault.Wrap(fault.Transient, err, "make a folder to try the sandbox in")
	}
	defer func() { _ = os.RemoveAll(work) }()
	t := targets{Home: home, Records: records, PID: os.Getpid(), Name: filepath.Base(os.Args[0]), Mark: ".muster-" + strconv.Itoa(os.Getpid())}
	stop, err := t.listen(ctx)
	if err != nil {
		return nil, fault.Wrap(fault.Transient, err, "listen, to see whether the sandbox lets anything through")
	}
	defer stop()
	data, err := json.Marshal(t)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "write the targets of a proof")
	}
	c := job.Command{
		Argv: append(slices.Clone(e.shim), proofMode), Env: confine.OwnEnv(),
		Dir: work, Stdin: string(data), LimitMS: (30 * time.Second).Milliseconds(),
	}
	if form != nil {
		f := *form
		f.Home, f.Writable, f.Readable = filepath.Join(work, "home"), []string{work}, []string{e.shim[0]}
		if err := os.Mkdir(f.Home, dirMode); err != nil {
			return nil, fault.Wrap(fault.Transient, err, "make a home to try the sandbox in")
		}
		c.Confine = &f
	}
	out, err := e.Run(ctx, c)
	_ = os.Remove(filepath.Join(home, t.Mark))
	if err != nil {
		return nil, err
	}
	var attempts []Attempt
	if err := json.Unmarshal([]byte(out.Stdout), &attempts); err != nil {
		return nil, fault.New(fault.Internal, "the proof of the sandbox ended with code %d: %s", out.Code, out.Stderr)
	}
	return attempts, nil
}

// listen opens what the proof tries to reach.
func (t *targets) listen(ctx context.Context) (stop func(), err error) {
	addresses := []string{"127.0.0.1"}
	if list, err := net.InterfaceAddrs(); err == nil {
		for _, a := range list {
			if ip, ok := a.(*net.IPNet); ok && ip.IP.To4() != nil && !ip.IP.IsLoopback() && len(addresses) < 2 {
				addresses = append(addresses, ip.IP.String())
			}
		}
	}
	var open []net.Listener
	stop = func() {
		for _, l := range open {
			_ = l.Close()
		}
	}
	for i, address := range addresses {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp4", net.JoinHostPort(address, "0"))
		if err != nil {
			stop()
			return nil, err
		}
		open = append(open, l)
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				_, _ = conn.Write([]byte(t.Mark))
				_ = conn.Close()
			}
		}()
		if i == 0 {
			t.Loopback = l.Addr().String()
		} else {
			t.Outside = l.Addr().String()
		}
	}
	return stop, nil
}

// prove is the attacker: it reads its targets, tries everything, and prints
// what came of it.
func prove() int {
	var t targets
	if err := json.NewDecoder(os.Stdin).Decode(&t); err != nil {
		return complain(fault.Wrap(fault.Internal, err, "read the targets"))
	}
	var attempts []Attempt
	try := func(what string, err error) {
		a := Attempt{What: what, Network: strings.HasPrefix(what, "reach"), Blocked: err != nil}
		if err != nil {
			a.Why = err.Error()
		}
		attempts = append(attempts, a)
	}
	try("read the SSH folder", t.readKeys())
	try("write outside", os.WriteFile(filepath.Join(t.Home, t.Mark), nil, fileMode))
	_, err := os.ReadDir(t.Records)
	try("read Muster's records", err)
	try("reach a loopback port", t.reach(t.Loopback))
	if t.Outside != "" {
		try("reach an outside address", t.reach(t.Outside))
	}
	try("see other processes", t.seeProcess())
	if err := json.NewEncoder(os.Stdout).Encode(attempts); err != nil {
		return complain(fault.Wrap(fault.Internal, err, "report"))
	}
	return 0
}

// readKeys lists the person's SSH folder, or the home where there is none.
func (t targets) readKeys() error {
	_, err := os.ReadDir(filepath.Join(t.Home, ".ssh"))
	if errors.Is(err, os.ErrNotExist) {
		_, err = os.ReadDir(t.Home)
	}
	return err
}

// reach connects, and believes only the answer of whoever asked for the proof.
func (t targets) reach(address string) error {
	conn, err := (&net.Dialer{Timeout: answerLimit}).DialContext(context.Background(), "tcp4", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetReadDeadline(time.Now().Add(answerLimit))
	buf := make([]byte, 100)
	n, err := conn.Read(buf)
	if err == nil && string(buf[:n]) != t.Mark {
		err = errors.New("somebody else answers")
	}
	return err
}

func (t targets) seeProcess() error {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(t.PID) + "/cmdline")
	if err == nil && !strings.Contains(string(data), t.Name) {
		err = errors.New("its number is another process's")
	}
	return err
}
