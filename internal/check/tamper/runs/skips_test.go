package runs

import (
	"testing"

	"muster/internal/core/evidence"
	"muster/internal/source"
)

func TestConditional(t *testing.T) {
	for _, tt := range []struct {
		name, mark, had, file string
		lang                  source.Language
		want                  evidence.Level
	}{
		{"TestA", "//go:build slow", "", "", source.Go, evidence.Gate},
		{"TestA", "//go:build slow", "//go:build fast", "", source.Go, evidence.Locator},
		{"TestA", "//go:build linux", "", "", source.Go, evidence.Context},
		{"FuzzA", `if n == 0: t.Skip("x")`, "", "", source.Go, evidence.Context},
		{"TestA", `if n == 0: t.Skip("x")`, "", "", source.Go, evidence.Locator},
		{"TestA", `if os.Getenv("CI") == "": t.Skip("windows")`, "", "", source.Go, evidence.Locator},
		{"TestA", `if runtime.GOOS == "windows": t.Skip("x")`, "", "", source.Go, evidence.Context},
		{"test_a", `pytest.mark.skipif(slow, reason="depends on the platform")`, "", "", source.Python, evidence.Locator},
		{"test_a", `pytest.importorskip("shop.fast")`, "", "import shop\n", source.Python, evidence.Locator},
		{"test_a", `pytest.importorskip("numpy.fft")`, "", "import shop\n", source.Python, evidence.Context},
	} {
		test := source.Test{Name: tt.name}
		if tt.had != "" {
			test.Skips = []source.Mark{{Text: tt.had}}
		}
		if got, why := Conditional(test, tt.lang, tt.file, source.Mark{Text: tt.mark, Conditional: true}); got != tt.want || why == "" {
			t.Errorf("%s: %s %q", tt.mark, got, why)
		}
	}
}

func TestOtherwise(t *testing.T) {
	for _, tt := range []struct {
		was, is string
		always  bool
		want    bool
	}{
		{`skipif(sys.platform == "win32")`, `skipif(sys.platform != "win32")`, false, true},
		{`skipif(sys.platform == "win32")`, `skipif(sys.platform == "linux")`, false, true},
		{`skipif(v < (3, 8), reason="old")`, `skipif(v < (3, 9), reason="old")`, false, false},
		{`skipif(a, reason="old")`, `skipif(a, reason="older")`, false, false},
		{`skipif(a == "x")`, `skipif(a == "x", strict=1)`, false, false},
		{`skipif(a == "x")`, `xfail(a != "x")`, false, false},
		{`skipif(a == "x")`, `skipif(a != "x")`, true, false},
	} {
		had := []source.Mark{{Text: tt.was, Conditional: !tt.always}}
		if got := Otherwise(had, source.Mark{Text: tt.is, Conditional: true}); got != tt.want {
			t.Errorf("%s to %s: %v", tt.was, tt.is, got)
		}
	}
}

func TestOnlyOn(t *testing.T) {
	for p, want := range map[string]string{"a_windows_test.go": "windows", "a_test.go": "", "windows_test.go": "", "a_linux_amd64_test.go": "linux", "a_windows.py": ""} {
		if got := OnlyOn(p); got != want {
			t.Errorf("%s: %q", p, got)
		}
	}
}

// A function that runs around tests is named so, in capitals or not.
func TestIsStep(t *testing.T) {
	for name, want := range map[string]bool{
		"setUp": true, "setup_module": true, "AppTest.tearDown": true, "beforeEach": true, "AfterSuite": true,
		"assertShop": false, "upset": false, "isBefore": false, "": false,
	} {
		if IsStep(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}
