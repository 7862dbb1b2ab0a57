package furnish

import "time"

// Clock is the machine's clock, for the engine.
type Clock struct{}

// NowUS gives microseconds since 1970.
func (Clock) NowUS() int64 { return time.Now().UnixMicro() }

// After gives a channel that is closed at that moment.
func (Clock) After(us int64) <-chan struct{} {
	done := make(chan struct{})
	time.AfterFunc(time.Until(time.UnixMicro(us)), func() { close(done) })
	return done
}
