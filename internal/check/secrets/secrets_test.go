package secrets_test

import (
	"encoding/base64"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"testing"

	"muster/internal/check/checktest"
	"muster/internal/check/secrets"
	"muster/internal/core/evidence"
)

// The secrets of these tests are put together here, so that no other tool
// takes this file for one that holds them.
var (
	aws      = "AKIA" + "QYLPMN5HFIQR7XYA"
	stripe   = "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc"
	slack    = "xoxb-" + "263594206564-2343594206574-FGqddMF8t08v8N7Oq4i57vs1"
	random   = "9xK2mQ7v" + "Lp4TzR8wYb3N"
	password = "Tr0ub4dor" + "&Zebra"
	body     = "MIIEpAIBAAKCAQEA" + "3Tz2mr7SZiAMfQyuvBjM9OiJjRazXBZ1BjP5CE/Wm/Rr500P"
	pem      = "-----BEGIN RSA PRIVATE KEY-----\n" + body + "\nK+Lh9x5eJPo5CAQ/x9hLu8p2lqOcrMZkGjTOBYqg4mRx\n-----END RSA PRIVATE KEY-----\n"
	jwt      = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9." + "eyJzdWIiOiJzdmMtMTIiLCJyb2xlIjoic2VydmljZV9yb2xlIn0." + "Qk9mZ3dFbmR6aXN0cmFuZG9tLXNpZ25hdHVyZQ"
)

// judged is one check for all tests: it compiles its rules once.
var judged = secrets.New()

// github makes a token with a right checksum.
func github(rest string) string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	sum := crc32.ChecksumIEEE([]byte(rest))
	end := ""
	for range 6 {
		end = string(digits[sum%62]) + end
		sum /= 62
	}
	return "ghp_" + rest + end
}

func judge(t *testing.T, base, head checktest.Files) (string, evidence.Result) {
	t.Helper()
	trees := checktest.New(t, map[string]checktest.Files{"base": base, "head": base.With(head)})
	got := checktest.Run(t, judged, trees, checktest.NoExec(t), checktest.Request(evidence.OfRange))
	var out []string
	for _, f := range got.Findings {
		out = append(out, fmt.Sprintf("%s %s:%d", f.Level, f.Path, f.StartLine))
		if f.Message == "" || f.Reproduce == "" {
			t.Errorf("%+v", f)
		}
	}
	slices.Sort(out)
	return strings.Join(out, "\n"), got
}

func TestFires(t *testing.T) {
	base := checktest.Files{"a": "a\n"}
	for name, tt := range map[string]struct{ path, text string }{
		"provider's key":              {"app/config.py", `AWS = "` + aws + `"`},
		"payment":                     {"src/pay.ts", "const stripe = new Stripe('" + stripe + "')"},
		"chat":                        {"notify.go", `token := "` + slack + `"`},
		"github":                      {"deploy.sh", "git clone https://" + github("q7Zk2mXw9LpR4tVb8NcY1hJd6GfS3a") + "@host.test/x"},
		"password in code":            {"db.go", `	password := "` + password + `"`},
		"password in python":          {"settings.py", `DATABASES = {"default": {"PASSWORD": "` + password + `"}}`},
		"token in javascript":         {"api.js", "  apiKey: '" + random + "',"},
		"secret in yaml":              {"config/app.yaml", "jwt_secret: " + random},
		"secret in properties":        {"application.properties", "spring.datasource.password=" + password},
		"secret in env":               {"deploy/prod.env.sh", "export API_TOKEN=" + random},
		"secret in json":              {"appsettings.json", `  "ClientSecret": "` + random + `",`},
		"secret in xml":               {"web.config", `<add key="ApiKey" value="` + random + `" />`},
		"element":                     {"settings.xml", "<password>" + password + "</password>"},
		"default of a variable":       {"conf.py", `SECRET = os.getenv("APP_SECRET", "` + random + `")`},
		"container":                   {"Dockerfile", "ENV ADMIN_PASSWORD=" + password},
		"environment of a container":  {"k8s/deploy.yaml", "- name: DB_PASSWORD\n  value: " + password},
		"address":                     {"db.ts", `const url = "postgres://app:` + "S3cur3Pw99" + `@db.prod.internal:5432/app"`},
		"connection string":           {"Db.cs", `"Server=db;User Id=sa;Password=` + "Str0ngPw99" + `;Database=x"`},
		"storage account":             {"blob.cs", `"AccountName=x;AccountKey=` + strings.Repeat("aZ9/kQ3+", 10) + `b7=="`},
		"private key":                 {"certs/server.txt.pem", pem},
		"private key in a string":     {"key.go", "const key = \"" + strings.ReplaceAll(pem, "\n", `\n`) + `"`},
		"service account":             {"sa.json", `{"type": "service_account", "private_key": "` + strings.ReplaceAll(strings.ReplaceAll(pem, "RSA ", ""), "\n", `\n`) + `"}`},
		"signed token":                {"client.py", `TOKEN = "` + jwt + `"`},
		"registry":                    {".npmrc", "//registry.test/:_authToken=" + random + "abcd"},
		"header":                      {"call.sh", `curl -H "Authorization: Bearer ` + random + random[:8] + `" https://x.test`},
		"hexadecimal":                 {"c.rb", `secret_key_base = "` + "4f9c1e7ab05d3286f1c7e09b8d52a6347e1f0b9c" + `"`},
		"letters only":                {"c.py", `client_secret = "` + "qWxZvBnMkLpTrYsDfGhJcVbQ" + `"`},
		"token in three parts":        {"bot.py", `bot_token = "` + "MTk4NjIyNDgzNDcxOTI1MjQ4." + "Cl2FMQ." + `ZnCjm1XVW7vRze4b7Cq4se7kKWs"`},
		"credentials without quotes":  {".aws/credentials", "aws_secret_access_key = " + random + random},
		"signed token without a name": {"client.py", `x = "` + jwt + `"`},
		"login of a registry":         {"docker.json", `{"auths": {"r.test": {"auth": "` + base64.StdEncoding.EncodeToString([]byte("app:"+password)) + `"}}}`},
		"key in an address":           {"a.py", `u = "https://x.test/?sig=` + random + `"`},
		"base 64":                     {"c.py", `client_secret = "` + "9xK2mQ7vLp4T/" + `zR8wYb3N+aQ7="`},
		"comparison":                  {"auth.py", `if password == "` + password + `":`},
	} {
		t.Run(name, func(t *testing.T) {
			got, res := judge(t, base, checktest.Files{tt.path: "first\n" + tt.text + "\n"})
			if !strings.HasPrefix(got, "gate "+tt.path+":") {
				t.Fatalf("got %q", got)
			}
			line := res.Findings[0].StartLine
			if line < 2 || line > 4 {
				t.Errorf("line %d", line)
			}
		})
	}
}

func TestStaysSilent(t *testing.T) {
	base := checktest.Files{"a": "a\n"}
	for name, tt := range map[string]struct{ path, text string }{
		"documented key":     {"a.py", `AWS = "AKIA` + `IOSFODNN7EXAMPLE"`},
		"placeholder":        {"a.py", `password = "changeme123"` + "\n" + `api_key = "<your-api-key-9999>"` + "\n" + `token = "xxxxxxxxxxxxxxxx99"`},
		"variables":          {"a.yaml", "password: ${DB_PASSWORD}\ntoken: $TOKEN1\nsecret: {{ .Values.secret9 }}\napi_key: !ref Key1"},
		"environment":        {"a.js", "const token = process.env.API_TOKEN\nconst secret = getSecret('db/password-1')"},
		"names":              {"a.go", "const passwordField = \"user_password_1\"\nvar tokenURL = \"https://x.test/Oauth2/token\"\nconst secretName = \"Prod-Db-Secret-1\"\ntokenType := \"Bearer1X\""},
		"words":              {"a.ts", "password: 'Enter your password'\ntoken: 'access_token'\nresetPassword: 'resetPassword'\nsecretKey: \"clientSecretKey\""},
		"hash":               {"a.go", `sha := "` + "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" + `"`},
		"uuid":               {"a.py", `api_key = "123e4567-e89b-12d3-a456-426614174000"`},
		"sequence":           {"a.py", `password = "12345678"` + "\n" + `secret = "abcdefghijklmnop1"`},
		"public key":         {"a.pem", "-----BEGIN PUBLIC KEY-----\n" + body + "\n-----END PUBLIC KEY-----"},
		"mention of a key":   {"a.go", `if strings.Contains(s, "-----BEGIN RSA PRIVATE KEY-----") {`},
		"lockfile":           {"package-lock.json", `"token": "` + random + `", "integrity": "sha512-` + random + `=="`},
		"image":              {"a.svg", `<image href="data:image/png;base64,` + random + `" token="` + random + `"/>`},
		"manual's login":     {"a.py", "url = 'postgres://user:password@localhost/db'\nother = 'redis://:secret@redis:6379'\nsame = 'amqp://guest:guest@mq.test'"},
		"sample token":       {"a.js", "const t = 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ" + ".SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c'"},
		"password in a test": {"a_test.go", `password := "Hunter2x9"`},
		"workflow":           {".github/workflows/a.yml", "token: ${{ secrets.TOKEN_1 }}\npassword: ${{ env.PW }}"},
		"name in code":       {"a.py", "api_key = q" + random},
		"letters in order":   {"a.py", `password = "hijklmno9"`},
		"words in capitals":  {"a.py", `api_key = "SESSION_COOKIE_V2"`},
		"no login":           {"docker.json", `{"auth": "` + base64.StdEncoding.EncodeToString([]byte(random)) + `"}`},
		"pattern file":       {".env.example", "DB_PASSWORD=Passw0rd99"},
	} {
		t.Run(name, func(t *testing.T) {
			got, _ := judge(t, base, checktest.Files{tt.path: tt.text + "\n"})
			for line := range strings.Lines(got) {
				if !strings.HasPrefix(line, "context ") {
					t.Errorf("got %q", got)
				}
			}
		})
	}
}

func TestLevels(t *testing.T) {
	for _, tt := range []struct{ name, path, text, want string }{
		{"issued token in a test", "a_test.py", "T = '" + github("q7Zk2mXw9LpR4tVb8NcY1hJd6GfS3a") + "'", "gate a_test.py:1"},
		{"provider's form in a test", "tests/x.py", "K = '" + aws + "'", "locator tests/x.py:1"},
		{"provider's form in prose", "README.md", "Use " + aws + " to log in.", "locator README.md:1"},
		{"private key in test data", "testdata/key.pem", pem, "context testdata/key.pem:2"},
		{"assignment in an example", "examples/a.py", `password = "` + password + `"`, "context examples/a.py:1"},
		{"key for trials in code", "a.py", "K = '" + strings.Replace(stripe, "live", "test", 1) + "'", "context a.py:1"},
		{"key for trials in a test", "test_a.py", "K = '" + strings.Replace(stripe, "live", "test", 1) + "'", "context test_a.py:1"},
		{"written by a program", "a.min.js", "var a='" + aws + "',password='" + password + "'", "locator a.min.js:1"},
		{"local database", "a.py", "u = 'postgres://app:xkcd9@localhost/x'", "context a.py:1"},
		{"far database", "a.py", "u = 'postgres://app:xkcd9wvq@db.prod.test/x'", "gate a.py:1"},
		{"token whose time is over", "a.py", "x = '" + strings.Split(jwt, ".")[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"svc-12","exp":1700000000}`)) + "." + strings.Split(jwt, ".")[2] + "'", "context a.py:1"},
		{"short password", "a.py", `password = "kitty7"`, "locator a.py:1"},
		{"hash of a password", "a.py", `password = "$2b$12$` + random + `abcdefg"`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, _ := judge(t, checktest.Files{"a": "a\n"}, checktest.Files{tt.path: tt.text + "\n"}); got != tt.want {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestFiles(t *testing.T) {
	for path, want := range map[string]string{
		"id_rsa": "gate id_rsa:0", "id_rsa.pub": "", "deploy/cert.p12": "gate deploy/cert.p12:0", "test/cert.p12": "context test/cert.p12:0", ".env": "locator .env:0",
		".env.production": "locator .env.production:0", ".env.example": "", ".env.test": "", "infra/terraform.tfstate": "gate infra/terraform.tfstate:0", "app/debug.keystore": "context app/debug.keystore:0",
		".netrc": "locator .netrc:0", "kubeconfig": "locator kubeconfig:0", "environment.py": "",
	} {
		if got, _ := judge(t, checktest.Files{"a": "a\n"}, checktest.Files{path: "nothing\n"}); got != want {
			t.Errorf("%s: %q", path, got)
		}
	}
	if got, _ := judge(t, checktest.Files{".env": "A=1\n"}, checktest.Files{".env": "A=2\n"}); got != "" {
		t.Errorf("an old file: %q", got)
	}
}

func TestNotNew(t *testing.T) {
	line := "token = '" + slack + "'\n"
	for name, tt := range map[string]struct{ base, head checktest.Files }{
		"moved within the file": {checktest.Files{"a.py": line + "x = 1\n"}, checktest.Files{"a.py": "x = 1\n" + line}},
		"moved to another file": {checktest.Files{"a.py": line + "x = 1\n"}, checktest.Files{"a.py": "x = 1\n", "b.py": line}},
		"renamed":               {checktest.Files{"a.py": line}, checktest.Files{"a.py": "", "b.py": line}},
		"said again":            {checktest.Files{"a.py": line + "x = 1\n"}, checktest.Files{"a.py": line + "x = 1\n" + line}},
		"indented":              {checktest.Files{"a.py": line}, checktest.Files{"a.py": "if x:\n    " + line}},
		"removed":               {checktest.Files{"a.py": line + "x = 1\n"}, checktest.Files{"a.py": "x = 1\n"}},
	} {
		if got, _ := judge(t, tt.base, tt.head); got != "" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// What a file that was renamed held before is not new either.
func TestNotNewAfterRenaming(t *testing.T) {
	line := "token = '" + slack + "'"
	trees := renamed{checktest.New(t, map[string]checktest.Files{"base": {"a.py": line + "\n"}, "head": {"b.py": line + "\n" + line + "\n"}}), line}
	if got := runWith(t, trees); got.Status != evidence.Passed || len(got.Findings) != 0 {
		t.Errorf("%s %s %+v", got.Status, got.Why, got.Findings)
	}
}

// A message is sure of what blocks, and of nothing else.
func TestMessages(t *testing.T) {
	for text, want := range map[string]string{
		"key = '" + aws + "'": "a.py (line 1) adds a secret of the form aws-access-token (AKIA...): whoever can read the repository has it, for ever.",
		`password = "kitty7"`: "a.py (line 1) adds what may be the value of password (k...).",
	} {
		if _, res := judge(t, checktest.Files{"a": "a\n"}, checktest.Files{"a.py": text + "\n"}); len(res.Findings) != 1 || res.Findings[0].Message != want {
			t.Errorf("%+v, want %q", res.Findings, want)
		}
	}
}

// The secret must not be in anything that is kept or shown.
func TestSecretStaysSecret(t *testing.T) {
	text := strings.Join([]string{"x = 1", "  key = '" + aws + "'", `password = "` + password + `"`, "url = 'postgres://app:" + password + "@db.prod.test/x'", pem}, "\n")
	_, res := judge(t, checktest.Files{"a": "a\n"}, checktest.Files{"dir/it's.py": text})
	if len(res.Findings) < 3 {
		t.Fatalf("%+v", res.Findings)
	}
	for _, f := range res.Findings {
		all := fmt.Sprintf("%+v", f)
		for _, s := range []string{aws, password, body, aws[:8], password[:6]} {
			if strings.Contains(all, s) {
				t.Errorf("%s is in %s", s, all)
			}
		}
		if !strings.Contains(f.Reproduce, "cut -b 1-") || !strings.Contains(f.Reproduce, "cat-file -p 'head:dir/it'") {
			t.Errorf("%s", f.Reproduce)
		}
	}
}

// The command shows the line up to the secret's first letters.
func TestReproduceCuts(t *testing.T) {
	_, res := judge(t, checktest.Files{"a": "a\n"}, checktest.Files{"a.py": "x\nkey = '" + aws + "'\n"})
	if want := fmt.Sprintf("git cat-file -p head:a.py | sed -n 2p | cut -b 1-%d", len("key = '")+4); len(res.Findings) != 1 || res.Findings[0].Reproduce != want {
		t.Errorf("%+v", res.Findings)
	}
}

// Next to the name of a provider the secret alone is cut, not the name.
func TestReproduceCutsBesideAName(t *testing.T) {
	_, res := judge(t, checktest.Files{"a": "a\n"}, checktest.Files{"a.py": "adafruit = '" + "k3x9q7v2m8z4w6t1" + "r5y0p3n8b2c7d4f6" + "'\n"})
	if want := fmt.Sprintf("git cat-file -p head:a.py | sed -n 1p | cut -b 1-%d", len("adafruit = '")+4); len(res.Findings) != 1 || res.Findings[0].Reproduce != want {
		t.Errorf("%+v", res.Findings)
	}
}

func TestHostile(t *testing.T) {
	long := strings.Repeat("password = \"", 200000)
	got, res := judge(t, checktest.Files{"a": "a\n"}, checktest.Files{
		"a.py": "\xff\xfe password = \"\xff" + random + "\"\r\n" + long, "b.py": strings.Repeat("x", 5<<20), "link": checktest.Link("/etc/passwd"), "c.pem": strings.Repeat("-----BEGIN PRIVATE KEY-----\n", 5000),
	})
	if !strings.Contains(got, "a.py:1") || len(res.NotRun) != 1 {
		t.Errorf("%q, left %q", got, res.NotRun)
	}
}

func TestCouldNotRun(t *testing.T) {
	trees := checktest.New(t, map[string]checktest.Files{"base": {"a.py": "x\n"}, "head": {"a.py": "key = '" + aws + "'\n"}})
	if got := runWith(t, &unreadable{trees}); got.Status != evidence.CouldNot || !strings.Contains(got.Why, "disk on fire") {
		t.Errorf("%s: %s", got.Status, got.Why)
	}
}
