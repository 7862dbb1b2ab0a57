package enginetest

import (
	"testing"

	"muster/internal/engine"
)

func TestLocal(t *testing.T) {
	Test(t, func(p engine.Ports) engine.Engine {
		return engine.NewLocal(engine.NewHands(p), engine.Options{Commands: 4})
	})
}
