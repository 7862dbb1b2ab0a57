package config

import (
	"strings"
	"testing"
	"time"
)

func TestReadTimeout(t *testing.T) {
	for value, want := range map[string]time.Duration{
		"": 5 * time.Second, "100ms": 100 * time.Millisecond, "5m": 5 * time.Minute,
	} {
		cfg, err := Load(env(map[string]string{"PANTRY_READ_TIMEOUT": value}))
		if err != nil || cfg.ReadTimeout != want {
			t.Errorf("%q: %v, %v; want %v", value, cfg.ReadTimeout, err, want)
		}
	}
	for _, value := range []string{"5", "99ms", "-1s", "6m", "soon"} {
		_, err := Load(env(map[string]string{"PANTRY_READ_TIMEOUT": value}))
		if err == nil || !strings.Contains(err.Error(), "PANTRY_READ_TIMEOUT") {
			t.Errorf("%q: %v", value, err)
		}
	}
}
