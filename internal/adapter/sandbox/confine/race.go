//go:build race

package confine

// OwnEnv gives the variables that every process of this program between Muster
// and an untrusted one is started with. Built with the race detector it would
// sleep for a second before it ends, each time.
func OwnEnv() []string { return []string{"GOMAXPROCS=1", "GOGC=60", "GORACE=atexit_sleep_ms=0"} }
