package fairtest

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// fixture is a repository with its own home.
type fixture struct {
	t    *testing.T
	dir  string // the checkout
	home string
	env  []string
}

// sizes says how long the long suite takes, and how long checks may.
type sizes struct {
	suite    int // seconds, one test each
	checks   string
	goalTime string
}

// files gives the repository before npm has written its lockfile.
func files(s sizes) map[string]string {
	return map[string]string{
		"go.mod": "module example.org/shop\n\ngo 1.22\n",
		"price/price.go": `// Package price knows what things cost.
package price

// Of gives the price of n things, in cents.
func Of(n int) int { return 250 * n }
`,
		"price/price_test.go": `package price

import "testing"

func TestOf(t *testing.T) {
	if got := Of(2); got != 500 {
		t.Errorf("got %d", got)
	}
}
`,
		"legacy/legacy.go": "// Package legacy is about to go.\npackage legacy\n\n// Year is the year it was written for.\nconst Year = 1999\n",
		"legacy/legacy_test.go": `package legacy

import "testing"

func TestLegacyYear(t *testing.T) {
	if Year != 2000 {
		t.Errorf("got %d, want 2000", Year)
	}
}
`,
		"suite/suite.go": "// Package suite sells for a long time.\npackage suite\n\nimport \"example.org/shop/price\"\n\n// Sell gives what a sale of n brings in.\nfunc Sell(n int) int { return price.Of(n) }\n",
		"suite/suite_test.go": fmt.Sprintf(`package suite

import (
	"fmt"
	"os"
	"testing"
	"time"
)

func TestSell(t *testing.T) {
	for i := range %d {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			time.Sleep(time.Second)
			if got := Sell(i); got != 250*i {
				t.Errorf("got %%d", got)
			}
		})
	}
	note, err := os.OpenFile(os.Getenv("HOME")+"/suite-ended", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(note, "ended")
	note.Close()
}
`, s.suite),
		"web/package.json": `{"name": "web", "version": "1.0.0", "private": true, "scripts": {"test": "node --test test/"}, "dependencies": {"rounding": "file:vendor/rounding-1.0.0.tgz"}}
`,
		"web/cart.js": "const {cents} = require('rounding')\n\nexports.sum = prices => cents(prices.reduce((a, b) => a + b, 0))\n",
		"web/test/cart.test.js": `const test = require('node:test')
const assert = require('node:assert')
const {sum} = require('../cart')

test('the sum is rounded to cents', () => assert.equal(sum([0.1, 0.2]), 0.3))
`,
		// Every fifth time, beginning with the first, but only where npm runs it:
		// otherwise the count would depend on which check comes first.
		"web/test/weather.test.js": `const test = require('node:test')
const assert = require('node:assert')
const fs = require('node:fs')

test('it sells on a rainy day', () => {
  if (process.env.npm_lifecycle_event !== 'test') return
  const count = process.env.HOME + '/weather'
  const n = fs.existsSync(count) ? Number(fs.readFileSync(count, 'utf8')) : 0
  fs.writeFileSync(count, String(n + 1))
  assert.notEqual(n % 5, 0)
})
`,
		".gitignore": "node_modules/\n",
		".muster/config.yaml": fmt.Sprintf(`version: 1
agents:
  bot: {driver: script, command: [.agents]}
default: bot
setup: ["cd web && npm ci --offline --no-audit --no-fund"]
checks: {time: %s, goal_time: %s}
land: {into: branch}
sandbox: off # the weather and the runs that ended are counted in files outside
`, s.checks, s.goalTime),
		".muster/plans/shop.yaml": `version: 1
name: shop
goal: Sell with a discount
target: main
accept:
  - go test ./price
  - go test ./legacy
  - cd web && npm test
tasks:
  - id: discount
    type: feature
    title: Discounts
    prompt: Sell a thousand things or more for 200 each.
    scope: [price/**]
    accept: [go test ./price ./legacy]
  - id: total
    type: feature
    title: Totals
    prompt: Give the total with tax.
    scope: [web/**]
    needs: [discount]
    accept: ["cd web && npm test"]
  - id: label
    type: chore
    title: A label
    prompt: Name the currency.
    scope: [web/**]
    needs: [total]
    accept: ["cd web && npm test"]
  - id: greeting
    type: chore
    title: A greeting
    prompt: Greet.
    scope: [web/**]
    needs: [label]
    accept: ["cd web && npm test"]
`,
		".agents/discount.json": script(
			write("price/price.go", "// Package price knows what things cost.\npackage price\n\n// Of gives the price of n things, in cents. A thousand are cheaper.\nfunc Of(n int) int {\n\tif n >= 1000 {\n\t\treturn 200 * n\n\t}\n\treturn 250 * n\n}\n"),
			write("price/discount_test.go", "package price\n\nimport \"testing\"\n\nfunc TestDiscount(t *testing.T) {\n\tif got := Of(1000); got != 200000 {\n\t\tt.Errorf(\"got %d\", got)\n\t}\n\tif got := Of(999); got != 249750 {\n\t\tt.Errorf(\"got %d\", got)\n\t}\n}\n")),
		".agents/total.json": script(
			write("web/total.js", "const {sum} = require('./cart')\n\nexports.total = (prices, tax) => sum(prices.map(p => p * (1 + tax)))\n"),
			write("web/test/total.test.js", "const test = require('node:test')\nconst assert = require('node:assert')\nconst {total} = require('../total')\n\ntest('tax is added', () => assert.equal(total([1, 2], 0.5), 4.5))\n")),
		".agents/label.json":    script(write("web/label.js", "exports.currency = 'EUR'\n")),
		".agents/greeting.json": script(write("web/greeting.js", "exports.greeting = 'hello'\n")),
	}
}

// write is one file operation of the recorded agent.
func write(path, text string) map[string]any {
	return map[string]any{"write": map[string]string{"path": path, "text": text}}
}

func script(do ...map[string]any) string {
	data, err := json.Marshal(map[string]any{"turns": []any{map[string]any{"do": do}}})
	if err != nil {
		panic(err)
	}
	return string(data)
}

// newFixture makes the repository with one commit on main.
func newFixture(t *testing.T, s sizes) *fixture {
	for _, program := range []string{"go", "git", "node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("this test needs %s: %v", program, err)
		}
	}
	root := t.TempDir()
	f := &fixture{t: t, dir: filepath.Join(root, "shop"), home: filepath.Join(root, "home")}
	var goEnv map[string]string
	out, err := exec.Command("go", "env", "-json", "GOCACHE", "GOMODCACHE").Output()
	if err == nil {
		err = json.Unmarshal(out, &goEnv)
	}
	if err != nil {
		t.Fatalf("ask the go command for its folders: %v", err)
	}
	f.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + f.home, "XDG_STATE_HOME=" + filepath.Join(root, "state"), "USER=tess", "TMPDIR=" + root,
		"GIT_CONFIG_NOSYSTEM=1", "GOCACHE=" + goEnv["GOCACHE"], "GOMODCACHE=" + goEnv["GOMODCACHE"], "GOFLAGS=-mod=mod", "GOPROXY=off",
		"npm_config_update_notifier=false",
	}
	f.put(f.home, ".gitconfig", "[user]\n\tname = Tess\n\temail = tess@localhost\n[init]\n\tdefaultBranch = main\n")
	for name, text := range files(s) {
		f.put(f.dir, name, text)
	}
	f.put(root, "rounding/package.json", `{"name": "rounding", "version": "1.0.0", "main": "index.js"}`+"\n")
	f.put(root, "rounding/index.js", "exports.cents = n => Math.round(n * 100) / 100\n")
	vendor := filepath.Join(f.dir, "web/vendor")
	if err := os.MkdirAll(vendor, 0o755); err != nil {
		t.Fatal(err)
	}
	f.run(filepath.Join(root, "rounding"), "npm", "pack", "--silent", "--pack-destination", vendor)
	f.run(filepath.Join(f.dir, "web"), "npm", "install", "--package-lock-only", "--offline", "--no-audit", "--no-fund", "--silent")
	f.run(f.dir, "git", "init", "-q")
	f.run(f.dir, "git", "add", "-A")
	f.run(f.dir, "git", "commit", "-q", "-m", "A shop")
	return f
}

func (f *fixture) put(dir, name, text string) {
	f.t.Helper()
	at := filepath.Join(dir, name)
	err := os.MkdirAll(filepath.Dir(at), 0o755)
	if err == nil {
		err = os.WriteFile(at, []byte(text), 0o600)
	}
	if err != nil {
		f.t.Fatal(err)
	}
}

// run runs a program that must succeed, and gives what it printed.
func (f *fixture) run(dir string, argv ...string) string {
	f.t.Helper()
	out, code := f.exit(dir, argv...)
	if code != 0 {
		f.t.Fatalf("%s ended with %d:\n%s", strings.Join(argv, " "), code, out)
	}
	return out
}

// muster runs the program under test, and gives what it printed and its code.
func (f *fixture) muster(args ...string) (string, int) {
	f.t.Helper()
	self, err := os.Executable()
	if err != nil {
		f.t.Fatal(err)
	}
	return f.exit(f.dir, append([]string{self, "muster"}, args...)...)
}

func (f *fixture) exit(dir string, argv ...string) (string, int) {
	f.t.Helper()
	c := exec.Command(argv[0], argv[1:]...)
	c.Dir, c.Env = dir, f.env
	var stderr strings.Builder
	c.Stderr = &stderr
	out, err := c.Output()
	if c.ProcessState == nil {
		f.t.Fatalf("%s: %v", strings.Join(argv, " "), err)
	}
	if text := stderr.String(); text != "" {
		f.t.Logf("%s printed:\n%s", strings.Join(argv[1:], " "), text)
	}
	return string(out), c.ProcessState.ExitCode()
}

// lines counts the lines of a file in the home folder.
func (f *fixture) lines(name string) int {
	data, err := os.ReadFile(filepath.Join(f.home, name))
	if err != nil {
		return 0
	}
	return strings.Count(string(data), "\n")
}
