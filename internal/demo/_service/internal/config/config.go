// Package config reads the settings of the service from the environment.
package config

import (
	"fmt"
	"strconv"
)

// Config is how the service runs.
type Config struct {
	Addr  string  // where it listens
	Rate  float64 // requests per second for each client
	Burst int     // requests at once for each client
}

// Load reads the settings. get gives the value of a variable, or "" when it
// is not set.
func Load(get func(string) string) (Config, error) {
	cfg := Config{Addr: ":8080", Rate: 10, Burst: 20}
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
	return cfg, nil
}
