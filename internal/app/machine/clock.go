package machine

import "time"

// Clock is the machine's, for the engine.
type Clock struct{}

// NowUS gives microseconds since 1970.
func (Clock) NowUS() int64 { return time.Now().UnixMicro() }

// After gives a channel that is closed when the moment has come.
func (Clock) After(us int64) <-chan struct{} {
	done := make(chan struct{})
	time.AfterFunc(time.Until(time.UnixMicro(us)), func() { close(done) })
	return done
}

// IDs makes ids for the engine.
type IDs struct{ New func() string }

// NewID gives the next id.
func (i IDs) NewID() string { return i.New() }
