package outside

import (
	"context"

	"muster/internal/adapter/mirror"
	"muster/internal/core/job"
)

// DoorEnv gives the variables with which the tools of a process that has only a
// door take packages from it, and learn there which hosts are allowed. The
// person's tools are asked once.
func (p *Packages) DoorEnv(ctx context.Context) ([]string, error) {
	p.doorMu.Lock()
	defer p.doorMu.Unlock()
	if p.doorEnv == nil {
		c, err := p.Registries(ctx)
		if err != nil {
			return nil, err
		}
		p.doorEnv = mirror.Env(job.DoorAddress, c)
	}
	return p.doorEnv, nil
}
