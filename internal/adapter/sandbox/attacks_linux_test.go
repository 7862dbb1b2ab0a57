package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// prey is what the attacks are after. All of it is real and belongs to the
// test; nothing of the machine is hurt when an attack succeeds.
type prey struct {
	Outside string // holds home, state, repo, neighbour, bin
	Work    string
	PID     int    // a process of the same user, outside; SECRET is in its environment and its folder is Outside
	TCP     string // a service of the machine's loopback
	UDP     string // as a DNS server would listen
	Net     string // a service on an address of the machine that is not its loopback; empty when there is none
	Socket  string // a named one, as a container service's
	Other   string // the socket of another attempt's door
	Control string // the socket by which Muster tells the gateway what doors there are, and what they may spend
	Hidden  string // an abstract one
	Memory  int    // id of a System V segment of the machine
	Shared  string // a file in the machine's /dev/shm
}

func (p prey) at(parts ...string) string {
	return filepath.Join(append([]string{p.Outside}, parts...)...)
}

// secret is what must not be read.
const secret = "the secret"

// attack is one attempt. It succeeds when it gives no error.
type attack struct {
	name string
	try  func(p prey) error
	root bool // only root can, without walls
	// plain says why the attempt succeeds without namespaces; it is listed in
	// docs/security.md. Empty means that it is blocked there too.
	plain string
}

// attackRole tries every attack of a list and prints a line for each.
func attackRole() int {
	var p prey
	if err := json.Unmarshal([]byte(os.Getenv("PREY")), &p); err != nil {
		return 1
	}
	for _, a := range attacks() {
		result := "succeeds"
		if err := a.try(p); err != nil {
			result = "blocked: " + strings.ReplaceAll(err.Error(), "\n", " ")
		}
		fmt.Printf("%s\t%s\n", a.name, result)
	}
	return 0
}

// reads succeeds when the secret is in a file.
func reads(path string) error {
	data, err := os.ReadFile(path)
	if err == nil && !strings.Contains(string(data), secret) {
		err = errors.New("the secret is not there")
	}
	return err
}

// appends succeeds when something can be added to a file or a new one made.
func appends(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString("# attacked\n")
	return errors.Join(err, f.Close())
}

func reading(parts ...string) func(prey) error {
	return func(p prey) error { return reads(p.at(parts...)) }
}

func appending(parts ...string) func(prey) error {
	return func(p prey) error { return appends(p.at(parts...)) }
}

func attacks() []attack {
	all := fileAttacks()
	all = append(all, gitAttacks()...)
	all = append(all, processAttacks()...)
	all = append(all, networkAttacks()...)
	return append(all, kernelAttacks()...)
}

func fileAttacks() []attack {
	return []attack{
		{name: "read the SSH key", try: reading("home", ".ssh", "id_ed25519")},
		{name: "read the cloud's credentials", try: reading("home", ".aws", "credentials")},
		{name: "read another agent's login", try: reading("home", ".claude", ".credentials.json")},
		{name: "list the home folder", try: func(p prey) error { _, err := os.ReadDir(p.at("home")); return err }},
		{name: "read the machine's password file", root: true, try: func(prey) error {
			_, err := os.ReadFile("/etc/shadow")
			if data, _ := os.ReadFile("/etc/shadow"); err == nil && len(data) == 0 {
				err = errors.New("it is empty")
			}
			return err
		}},
		{name: "make a file outside", try: appending("home", "new")},
		{name: "change the shell's start file", try: appending("home", ".bashrc")},
		{name: "follow a link out of the worktree", try: func(p prey) error {
			link := filepath.Join(p.Work, "link")
			_ = os.Remove(link)
			return errors.Join(os.Symlink(p.at("home", ".ssh", "id_ed25519"), link), reads(link))
		}},
		{name: "link a secret into the worktree", try: func(p prey) error {
			link := filepath.Join(p.Work, "hard")
			_ = os.Remove(link)
			return errors.Join(os.Link(p.at("home", ".ssh", "id_ed25519"), link), reads(link))
		}},
		{name: "move a file into the worktree", try: func(p prey) error { return os.Rename(p.at("movable"), filepath.Join(p.Work, "moved")) }},
		{name: "delete a file outside", try: func(p prey) error { return os.Remove(p.at("deletable")) }},
		{name: "cut a file outside", try: func(p prey) error { return os.Truncate(p.at("cuttable"), 0) }},
		{name: "change the mode of a file outside", try: func(p prey) error {
			f, err := os.Open(p.at("home", ".bashrc"))
			if err == nil {
				err = errors.Join(f.Chmod(0o666), f.Close())
			}
			return err
		}},
		{name: "replace Muster's program", try: func(p prey) error { return appends(p.at("bin", "muster")) }},
		{name: "read the ledger", try: reading("state", "muster.db")},
		{name: "change the ledger", try: appending("state", "muster.db")},
		{name: "forge an exit record", try: appending("state", "ops", "run.task.1", "exit.json")},
		{name: "change its own spec", try: appending("state", "ops", "run.task.1", "spec.json")},
		{name: "read its own spec", try: reading("state", "ops", "run.task.1", "spec.json")},
		{name: "take the lock of its operation", try: func(p prey) error {
			f, err := os.OpenFile(p.at("state", "ops", "run.task.1", "lock"), os.O_RDONLY, 0)
			if err == nil {
				err = errors.Join(unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB), f.Close())
			}
			return err
		}},
		{name: "poison the results of checks", try: appending("state", "blobs", "aa")},
		{name: "poison another change's build cache", try: appending("state", "caches-changes", "process", "other", "go-build", "entry")},
		{name: "poison the build cache of what is trusted", try: appending("state", "caches-trusted", "go-build", "entry")},
		{name: "read a neighbour's worktree", try: reading("neighbour", "file")},
		{name: "change a neighbour's worktree", try: appending("neighbour", "file")},
		{name: "leave a file in the machine's shared memory", try: func(p prey) error { return reads(p.Shared) }},
		{name: "inherit an open file", try: func(prey) error {
			for fd := 3; fd < 256; fd++ {
				target, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(fd))
				if err == nil && strings.HasPrefix(target, "/") && !strings.HasPrefix(target, "/proc") && !strings.HasPrefix(target, "/dev") && !strings.HasPrefix(target, "/sys") {
					return nil
				}
			}
			return errors.New("none is open")
		}},
	}
}

func gitAttacks() []attack {
	git := func(parts ...string) func(prey) error {
		return appending(append([]string{"repo", ".git"}, parts...)...)
	}
	return []attack{
		{name: "plant a hook in the repository", try: git("hooks", "post-checkout")},
		{name: "set a file system monitor in the repository's settings", try: git("config")},
		{name: "set a filter by the repository's attributes", try: git("info", "attributes")},
		{name: "lend objects from elsewhere", try: git("objects", "info", "alternates")},
		{name: "move a branch", try: git("refs", "heads", "main")},
		{name: "change a submodule's settings", try: git("modules", "sub", "config")},
		{name: "change a neighbour's worktree data", try: git("worktrees", "neighbour", "HEAD")},
	}
}

func processAttacks() []attack {
	proc := func(p prey, name string) string { return "/proc/" + strconv.Itoa(p.PID) + "/" + name }
	return []attack{
		{name: "see another process", plain: "names and arguments of the user's processes can be seen in /proc", try: func(p prey) error {
			data, err := os.ReadFile(proc(p, "cmdline"))
			if err == nil && !strings.Contains(string(data), "prey") {
				err = errors.New("another process has the number")
			}
			return err
		}},
		{name: "read another process's variables", try: func(p prey) error { return reads(proc(p, "environ")) }},
		{name: "go through another process's root", try: func(p prey) error { return reads(proc(p, "root") + p.at("home", ".ssh", "id_ed25519")) }},
		{name: "go through another process's folder", try: func(p prey) error { return reads(proc(p, "cwd") + "/home/.ssh/id_ed25519") }},
		{name: "read another process's memory", try: func(p prey) error {
			f, err := os.Open(proc(p, "mem"))
			if err != nil {
				return err
			}
			return f.Close()
		}},
		{name: "trace another process", try: func(p prey) error {
			if err := unix.PtraceSeize(p.PID); err != nil {
				return err
			}
			return ours(p)
		}},
		{name: "signal another process", try: func(p prey) error { return errors.Join(unix.Kill(p.PID, unix.SIGURG), ours(p)) }},
		{name: "take a descriptor of another process", try: func(p prey) error {
			fd, err := unix.PidfdOpen(p.PID, 0)
			if err != nil {
				return err
			}
			defer func() { _ = unix.Close(fd) }()
			got, err := unix.PidfdGetfd(fd, 0, 0)
			if err == nil {
				_ = unix.Close(got)
			}
			return err
		}},
		{name: "signal the shim", try: func(prey) error {
			if ppid := os.Getppid(); ppid > 1 {
				return unix.Kill(ppid, unix.SIGURG)
			}
			return errors.New("it has no number here")
		}},
		{name: "signal the first process of the machine", root: true, try: func(prey) error {
			data, err := os.ReadFile("/proc/1/cmdline")
			if err == nil && strings.Contains(string(data), "@inside") {
				err = errors.New("it is the own one")
			}
			return errors.Join(err, unix.Kill(1, unix.SIGURG))
		}},
		{name: "read the machine's System V memory", plain: "System V objects of the machine can be reached", try: func(p prey) error {
			data, err := unix.SysvShmAttach(p.Memory, 0, unix.SHM_RDONLY)
			if err == nil && !strings.HasPrefix(string(data), secret) {
				err = errors.New("it holds something else")
			}
			return err
		}},
	}
}

// ours says whether the number is still that of the prey: behind walls it may
// be another process's.
func ours(p prey) error {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(p.PID) + "/cmdline")
	if err == nil && !strings.Contains(string(data), "prey") {
		err = errors.New("another process has the number")
	}
	return err
}

// connects succeeds when somebody answers with the secret.
func connects(network, address string) error {
	if address == "" {
		return errors.New("there is none")
	}
	conn, err := net.DialTimeout(network, address, 2*time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "x") // it may have answered and closed already
	_ = conn.SetReadDeadline(time.Now().Add(2 * time.Second))
	buf := make([]byte, 64)
	n, err := conn.Read(buf)
	if err == nil && string(buf[:n]) != secret {
		err = errors.New("somebody else answers")
	}
	return err
}

func networkAttacks() []attack {
	opens := func(family, kind, protocol int) error {
		fd, err := unix.Socket(family, kind, protocol)
		if err == nil {
			_ = unix.Close(fd)
		}
		return err
	}
	return []attack{
		{name: "reach a loopback port", try: func(p prey) error { return connects("tcp", p.TCP) }},
		{name: "reach an outside address", try: func(p prey) error { return connects("tcp", p.Net) }},
		{name: "carry data out by DNS", try: func(p prey) error { return connects("udp", p.UDP) }},
		{name: "begin a connection with its data (TCP fast open)", try: func(p prey) error { return fastOpen(p.TCP) }},
		{name: "reach a service's named socket", try: func(p prey) error { return connects("unix", p.Socket) }},
		{name: "use another attempt's door", try: func(p prey) error { return connects("unix", p.Other) }},
		{name: "order the gateway to let it spend more", try: func(p prey) error { return connects("unix", p.Control) }},
		{name: "reach an abstract socket", try: func(p prey) error { return connects("unix", p.Hidden) }},
		{name: "see the machine's network interfaces", plain: "addresses of the machine's interfaces can be listed", try: func(prey) error {
			list, err := net.Interfaces()
			if err == nil && len(list) < 2 {
				err = errors.New("there is only the loopback")
			}
			return err
		}},
		{name: "reach the host of a virtual machine", try: func(prey) error { return opens(unix.AF_VSOCK, unix.SOCK_STREAM, 0) }},
		{name: "read packets", root: true, try: func(prey) error { return opens(unix.AF_PACKET, unix.SOCK_RAW, 0) }},
		{name: "send raw packets", root: true, try: func(prey) error { return opens(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP) }},
	}
}

// fastOpen sends data without a call that connects.
func fastOpen(address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	to := &unix.SockaddrInet4{Port: number}
	copy(to.Addr[:], net.ParseIP(host).To4())
	return unix.Sendto(fd, []byte("x"), unix.MSG_FASTOPEN, to)
}
