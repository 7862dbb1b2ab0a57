package harness

import (
	"fmt"
	"strings"

	"muster/internal/core/change"
	"muster/internal/core/evidence"
)

// builds looks at what runs when somebody installs, builds or tests the
// project, without being asked for by name.
func (j buildRules) builds(f *file) {
	for _, l := range f.added {
		text := l.Text
		switch {
		case strings.HasSuffix(f.base, ".go"):
			j.directives(f, l)
		case f.base == "setup.py" || f.base == "build.rs" || f.base == "conftest.py" || f.base == "binding.gyp":
			j.installs(f, l)
		case strings.HasSuffix(f.base, ".pth") && strings.HasPrefix(strings.TrimSpace(text), "import "):
			j.find(f.quiet(evidence.Gate), "build", f, l, "is run by Python at every start, wherever it is installed: "+show(text))
		case (f.base == "sitecustomize.py" || f.base == "usercustomize.py") && f.Status == change.Added:
			j.find(f.quiet(evidence.Locator), "build", f, change.Line{Number: 0, Text: "new"}, "is run by Python at every start")
		}
		if strings.Contains(text, "-toolexec") || strings.Contains(text, "-fplugin=") {
			j.toolchain(f, l)
		}
		if (f.base == "makefile" || strings.HasSuffix(f.base, ".mk") || f.base == "justfile" || f.base == "rakefile") && j.piped(text) && bare(text, f) != "" {
			j.find(f.quiet(evidence.Locator), "build", f, l, "runs what it downloads: "+show(text))
		}
	}
}

func (j *judgement) piped(text string) bool {
	if j.patterns.get(`^\s*@?(?:echo|printf|\$\((?:warning|error|info))\b[^|]*["'].*\|.*["']?\)?\s*$|^\s*(?:\$\((?:warning|error|info)\b)`).MatchString(text) && !strings.Contains(text, "$(curl") {
		return false // shown, and not run
	}
	return j.patterns.get(`(?i)\b(?:curl|wget)\s[^|;\n]{1,300}\|\s*(?:sudo\s+(?:-\S+\s+)*)?(?:(?:ba|z|da)?sh|python3?|node|perl|ruby)\b|(?:ba)?sh\s+(?:-c\s+)?["']?(?:<\(|\$\()\s*(?:curl|wget)\b`).MatchString(text)
}

// directives of Go: what "go generate" runs, and what reaches around the
// language.
func (j buildRules) directives(f *file, l change.Line) {
	switch {
	case strings.HasPrefix(l.Text, "//go:generate "):
		command := strings.TrimPrefix(l.Text, "//go:generate ")
		switch what := j.reaches(command); {
		case what != "" && (j.piped(command) || !strings.Contains(what, "curl") && !strings.Contains(what, "wget")):
			j.find(f.quiet(evidence.Gate), "generate", f, l, "makes go generate run code from the network, or hidden code: "+show(command))
		case what != "":
			j.find(f.quiet(evidence.Locator), "generate", f, l, "makes go generate download something: "+show(command))
		case j.patterns.get(`^(?:ba|z)?sh\s+-c\b|^python3?\s+-c\b|^node\s+-e\b`).MatchString(command):
			j.find(evidence.Context, "generate", f, l, "makes go generate run a command line: "+show(command))
		}
	case strings.HasPrefix(l.Text, "//go:linkname "):
		j.find(f.quiet(evidence.Context), "linkname", f, l, "reaches into another package past its exported names")
	case j.patterns.get(`^\s*(?://|/\*)?\s*#cgo\s.*(?:-fplugin|-B\s*\.|-specs=|-Wl,-rpath|@\S)`).MatchString(l.Text):
		j.find(f.quiet(evidence.Gate), "build", f, l, "makes the C compiler load a plugin or other programs: "+show(l.Text))
	}
}

func (j buildRules) toolchain(f *file, l change.Line) {
	if f.class.Document || bare(l.Text, f) == "" || f.class.Test {
		return
	}
	level := evidence.Locator
	if strings.HasPrefix(f.base, ".env") || f.base == "go.env" || j.patterns.get(`GOFLAGS\s*[:=]+\s*["']?[^\n]*-toolexec`).MatchString(l.Text) {
		level = evidence.Gate
	}
	if isCode(f) && !isShell(f) {
		level = evidence.Context
	}
	j.find(f.quiet(level), "build", f, l, "makes the compiler run another program with each of its steps: "+show(l.Text))
}

// installs: the scripts that Python and Rust run on installation, and that
// pytest runs before the first test.
func (j buildRules) installs(f *file, l change.Line) {
	code := bare(l.Text, f)
	network := j.patterns.get(`\b(?:urlopen|urlretrieve|requests\.(?:get|post|put|request)|httpx\.(?:get|post)|socket\.(?:socket|create_connection|gethostbyname)|http\.client|ureq::|reqwest::|TcpStream::connect|minreq::)`).FindString(code)
	process := j.patterns.get(`\b(?:os\.(?:system|popen|exec\w*|spawn\w*)|subprocess\.\w+|Command::new|pty\.spawn)\s*\(`).FindString(code)
	what := "whenever the package is built or installed"
	if f.base == "conftest.py" {
		what = "before the first test"
	}
	switch {
	case process != "" && j.reaches(l.Text) != "":
		j.find(evidence.Gate, "install", f, l, fmt.Sprintf("runs a command that reaches the network or hides code %s: %s", what, show(l.Text)))
	case f.base == "conftest.py":
	case network != "" && f.base == "setup.py":
		j.find(f.quiet(evidence.Gate), "install", f, l, fmt.Sprintf("reaches the network %s: %s", what, show(l.Text)))
	case network != "":
		j.find(f.quiet(evidence.Locator), "install", f, l, fmt.Sprintf("reaches the network %s: %s", what, show(l.Text)))
	case process != "" && f.base == "setup.py" && !j.patterns.get(`\bgit\b|pkg-config|llvm-config|--version|sysctl|nvcc|cmake|make|gcc|xcrun|xcode`).MatchString(l.Text):
		j.find(f.quiet(evidence.Locator), "install", f, l, fmt.Sprintf("runs a command %s: %s", what, show(l.Text)))
	case f.base == "build.rs" && process != "" && j.patterns.get(`"(?:curl|wget|sh|bash|powershell|cmd|nc)"`).MatchString(l.Text):
		j.find(f.quiet(evidence.Locator), "install", f, l, fmt.Sprintf("runs a shell %s: %s", what, show(l.Text)))
	}
}
