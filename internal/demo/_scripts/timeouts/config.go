// Package config reads the settings of the service from the environment.
package config

import (
	"fmt"
	"strconv"
	"time"
)

// Config is how the service runs.
type Config struct {
	Addr        string        // where it listens
	Rate        float64       // requests per second for each client
	Burst       int           // requests at once for each client
	ReadTimeout time.Duration // for reading one request
}

// Load reads the settings. get gives the value of a variable, or "" when it
// is not set.
func Load(get func(string) string) (Config, error) {
	cfg := Config{Addr: ":8080", Rate: 10, Burst: 20, ReadTimeout: 5 * time.Second}
	if v := get("PANTRY_ADDR"); v != "" {
		cfg.Addr = v
	}
	if v := get("PANTRY_RATE"); v != "" {
		rate, err := strconv.ParseFloat(v, 64)
		if err != nil || !(rate > 0 && rate <= 1e6) {
			return Config{}, fmt.Errorf("PANTRY_RATE=%q: want a number above 0", v)
		}
		cfg.Rate = rate
	}
	if v := get("PANTRY_BURST"); v != "" {
		burst, err := strconv.Atoi(v)
		if err != nil || burst < 1 {
			return Config{}, fmt.Errorf("PANTRY_BURST=%q: want a whole number above 0", v)
		}
		cfg.Burst = burst
	}
	if v := get("PANTRY_READ_TIMEOUT"); v != "" {
		d, err := time.ParseDuration(v)
		if err != nil || d < 100*time.Millisecond || d > 5*time.Minute {
			return Config{}, fmt.Errorf("PANTRY_READ_TIMEOUT=%q: want a duration from 100ms to 5m", v)
		}
		cfg.ReadTimeout = d
	}
	return cfg, nil
}
