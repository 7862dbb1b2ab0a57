package capabilities

import (
	"slices"
	"strings"

	"muster/internal/check"
	"muster/internal/source"
)

// capability is a way in which code reaches beyond its own memory.
type capability string

// The capabilities, as messages name them.
const (
	network capability = "the network"
	process capability = "other programs"
	dynamic capability = "code made while it runs"
	native  capability = "memory or native code directly"
	write   capability = "files, to write or delete them"
	env     capability = "environment variables"
)

// strong reports whether a package that newly has a capability deserves a
// look: what it then does is seldom bounded by its own code.
func (c capability) strong() bool { return c == network || c == process || c == dynamic || c == native }

// reach is what gives a capability: a module that is imported, or a call.
type reach struct {
	language string // Go, Python, or JavaScript for all of its kin
	module   string // as it is imported; with calls empty, the import itself counts
	calls    string // names of it that count, separated by spaces
	gives    capability
}

// reaches lists what the standard libraries offer, and the best known modules
// beside them. Other modules are seen when they are added as dependencies.
func reaches() []reach { return slices.Concat(goReaches(), pythonReaches(), scriptReaches()) }

func goReaches() []reach {
	return []reach{
		{"go", "net", "Dial DialTimeout DialTCP DialUDP Listen ListenPacket ListenTCP ListenUDP Dialer ListenConfig", network},
		{"go", "net/http", "Get Post PostForm Head ListenAndServe ListenAndServeTLS Serve DefaultClient.Do Client NewRequest NewRequestWithContext", network},
		{"go", "crypto/tls", "Dial Listen DialWithDialer", network},
		{"go", "net/rpc", "", network},
		{"go", "net/smtp", "", network},
		{"go", "google.golang.org/grpc", "Dial DialContext NewClient NewServer", network},
		{"go", "os/exec", "", process},
		{"go", "syscall", "Exec ForkExec StartProcess Kill RawSyscall Syscall Mmap", process},
		{"go", "os", "StartProcess", process},
		{"go", "plugin", "", dynamic},
		{"go", "unsafe", "", native},
		{"go", "C", "", native},
		{"go", "os", "WriteFile Create OpenFile Remove RemoveAll Rename Mkdir MkdirAll MkdirTemp CreateTemp Chmod Chown Symlink Link Truncate CopyFS", write},
		{"go", "io/ioutil", "WriteFile TempFile TempDir", write},
		{"go", "os", "Getenv LookupEnv Environ Setenv Unsetenv ExpandEnv", env},
	}
}

func pythonReaches() []reach {
	return []reach{
		{"python", "socket", "", network},
		{"python", "urllib.request", "", network},
		{"python", "http.client", "", network},
		{"python", "http.server", "", network},
		{"python", "ftplib", "", network},
		{"python", "smtplib", "", network},
		{"python", "telnetlib", "", network},
		{"python", "requests", "", network},
		{"python", "httpx", "", network},
		{"python", "aiohttp", "", network},
		{"python", "urllib3", "", network},
		{"python", "paramiko", "", network},
		{"python", "subprocess", "", process},
		{"python", "os", "system popen execv execve execvp execl spawnv spawnl posix_spawn fork kill", process},
		{"python", "pty", "", process},
		{"python", "", "eval exec compile __import__", dynamic},
		{"python", "importlib", "import_module", dynamic},
		{"python", "pickle", "load loads Unpickler", dynamic},
		{"python", "marshal", "load loads", dynamic},
		{"python", "runpy", "", dynamic},
		{"python", "yaml", "load unsafe_load full_load", dynamic},
		{"python", "ctypes", "", native},
		{"python", "cffi", "", native},
		{"python", "mmap", "", native},
		{"python", "shutil", "rmtree move copy copy2 copyfile copytree", write},
		{"python", "os", "remove unlink rename replace rmdir removedirs makedirs mkdir chmod chown symlink truncate", write},
		{"python", "tempfile", "", write},
		{"python", "os", "getenv putenv environ.get environ.setdefault environ.update", env},
	}
}

func scriptReaches() []reach {
	return []reach{
		{"javascript", "http", "", network},
		{"javascript", "https", "", network},
		{"javascript", "http2", "", network},
		{"javascript", "net", "", network},
		{"javascript", "dgram", "", network},
		{"javascript", "tls", "", network},
		{"javascript", "axios", "", network},
		{"javascript", "node-fetch", "", network},
		{"javascript", "undici", "", network},
		{"javascript", "got", "", network},
		{"javascript", "superagent", "", network},
		{"javascript", "ws", "", network},
		{"javascript", "", "fetch XMLHttpRequest WebSocket EventSource navigator.sendBeacon", network},
		{"javascript", "child_process", "", process},
		{"javascript", "execa", "", process},
		{"javascript", "cross-spawn", "", process},
		{"javascript", "shelljs", "", process},
		{"javascript", "cluster", "", process},
		{"javascript", "", "eval Function", dynamic},
		{"javascript", "vm", "", dynamic},
		{"javascript", "ffi-napi", "", native},
		{"javascript", "fs", "writeFile writeFileSync appendFile appendFileSync createWriteStream unlink unlinkSync rm rmSync rmdir rmdirSync rename renameSync mkdir mkdirSync copyFile copyFileSync chmod chmodSync symlink symlinkSync truncate promises.writeFile promises.rm promises.unlink promises.mkdir", write},
		{"javascript", "fs/promises", "writeFile appendFile unlink rm rmdir rename mkdir copyFile chmod symlink truncate", write},
		{"javascript", "fs-extra", "", write},
		{"javascript", "rimraf", "", write},
	}
}

// family gives the language as the table has it.
func family(l source.Language) string {
	switch l {
	case source.TypeScript, source.TSX, source.JavaScript:
		return "javascript"
	default:
		return string(l)
	}
}

// use is one place where a file has a capability.
type use struct {
	gives capability
	what  string // the import or call
	line  int
}

// uses gives where a file reaches beyond itself.
func uses(f source.File, text []byte) []use {
	names := namesOf(f)
	made := made(f, text)
	var out []use
	for _, r := range reaches() {
		if r.language != family(f.Language) {
			continue
		}
		switch {
		case r.module == "":
			out = append(out, calls(made, "", r)...)
		case r.calls == "":
			for _, i := range f.Imports {
				if moduleOf(i.Path, f.Language) == r.module || f.Language == source.Python && i.Path+"."+i.Name == r.module {
					out = append(out, use{r.gives, "imports " + i.Path, i.Start})
				}
			}
		default:
			for _, name := range names[r.module] {
				out = append(out, calls(made, name, r)...)
			}
		}
	}
	return out
}

// moduleOf gives the module that an import is of, as the table spells it.
func moduleOf(p string, l source.Language) string {
	switch family(l) {
	case "javascript":
		return strings.TrimPrefix(p, "node:")
	case "python":
		for _, known := range []string{"urllib.request", "http.client", "http.server"} {
			if p == known || strings.HasPrefix(p, known+".") {
				return known
			}
		}
		first, _, _ := strings.Cut(p, ".")
		return first
	}
	return p
}

// namesOf gives what a file calls each module that it imports.
func namesOf(f source.File) map[string][]string {
	out := map[string][]string{}
	for _, i := range f.Imports {
		m := moduleOf(i.Path, f.Language)
		last := m[strings.LastIndexAny(m, "/.")+1:]
		names := []string{last}
		if i.Name != "" && i.Name != last {
			names = []string{i.Name}
		}
		for _, n := range names {
			if !slices.Contains(out[m], n) {
				out[m] = append(out[m], n)
			}
		}
	}
	return out
}

// maxLine is the longest line that is looked through for calls, in bytes.
const maxLine = 2000

var called = check.Lazy(`([A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*)\s*\(`)

// made gives every call of a file: those of its functions, and those that
// stand outside of any.
func made(f source.File, text []byte) []source.Call {
	var out []source.Call
	inside := map[int]bool{}
	for _, x := range f.Functions {
		for n := x.Start; n <= x.End; n++ {
			inside[n] = true
		}
		for _, c := range x.Calls {
			out = append(out, source.Call{Name: strings.TrimPrefix(c.Name, "new "), Line: c.Line})
		}
	}
	for _, c := range f.Comments {
		for n := c.Start; n <= c.End; n++ {
			inside[n] = true
		}
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		if n++; inside[n] || len(line) > maxLine {
			continue
		}
		for _, m := range called.FindAllStringSubmatchIndex(line, -1) {
			if quotes := strings.Count(line[:m[0]], `"`) + strings.Count(line[:m[0]], "'"); quotes%2 == 0 {
				out = append(out, source.Call{Name: line[m[2]:m[3]], Line: n})
			}
		}
	}
	return out
}

// calls gives the calls to names of a module, or to one of them that was
// imported by itself.
func calls(made []source.Call, module string, r reach) []use {
	wanted := strings.Fields(r.calls)
	alone := slices.Contains(wanted, module)
	var out []use
	for _, c := range made {
		name := c.Name
		switch rest, ok := strings.CutPrefix(name, module+"."); {
		case module == "" || alone && name == module:
		case ok:
			name = rest
		default:
			continue
		}
		if slices.Contains(wanted, name) {
			out = append(out, use{r.gives, "calls " + c.Name, c.Line})
		}
	}
	return out
}
