package config

import (
	"strings"
	"testing"
)

// env gives the variables of a map.
func env(vars map[string]string) func(string) string {
	return func(name string) string { return vars[name] }
}

func TestLoadDefaults(t *testing.T) {
	cfg, err := Load(env(nil))
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Addr != ":8080" || cfg.Rate != 10 || cfg.Burst != 20 {
		t.Errorf("defaults are %+v", cfg)
	}
}

func TestLoadReadsTheEnvironment(t *testing.T) {
	cfg, err := Load(env(map[string]string{"PANTRY_ADDR": "localhost:9", "PANTRY_RATE": "0.5", "PANTRY_BURST": "3"}))
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Addr != "localhost:9" || cfg.Rate != 0.5 || cfg.Burst != 3 {
		t.Errorf("got %+v", cfg)
	}
}

func TestLoadNamesWhatIsWrong(t *testing.T) {
	for name, value := range map[string]string{"PANTRY_RATE": "fast", "PANTRY_BURST": "0"} {
		_, err := Load(env(map[string]string{name: value}))
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s=%s: %v", name, value, err)
		}
	}
}
